import numpy as np
import pytest

from dance_core.poses.yolo_boxes import PADDING, SAME_BOX, SAME_POSE, letterbox_of, one_each, people_found

WHOLE = letterbox_of(640, 640, 640, 640)


@pytest.mark.parametrize(
    ("frame", "size", "stride", "expected", "inside"),
    [
        ((480, 640), (320, 320), None, (320, 320), (0, 40, 320, 240)),
        ((480, 640), (320, 320), 32, (256, 320), (0, 8, 320, 240)),
        ((640, 480), (320, 320), 32, (320, 256), (8, 0, 240, 320)),
        ((480, 854), (256, 256), None, (256, 256), (0, 56, 256, 144)),
        ((100, 100), (640, 640), 32, (640, 640), (0, 0, 640, 640)),
        ((99, 320), (320, 320), 32, (128, 320), (0, 14, 320, 99)),  # 29 px of border: 14 above, 15 below
        ((320, 99), (320, 320), 32, (320, 128), (14, 0, 99, 320)),
        ((395, 984), (320, 320), 32, (128, 320), (0, 0, 320, 128)),  # 128.46 px high
        ((2, 1000), (320, 320), 32, (32, 320), (0, 15, 320, 1)),
    ],
)
def test_a_picture_is_as_large_as_fits_in_the_middle(frame, size, stride, expected, inside):
    letterbox = letterbox_of(*frame, *size, stride)
    assert (letterbox.height, letterbox.width) == expected
    assert letterbox.inside == inside
    left, top, width, height = inside
    corners = np.array([[left, top], [left + width, top + height]], np.float32)
    np.testing.assert_allclose(letterbox.to_picture(corners), [[0, 0], frame[::-1]], rtol=1e-6)


def test_the_picture_lies_between_grey_borders():
    frame = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    whole = letterbox_of(48, 64, 64, 64).fit(frame)
    np.testing.assert_array_equal(whole[8:56], frame)
    assert (whole[:8] == PADDING).all()
    assert (whole[56:] == PADDING).all()


def test_a_picture_is_scaled_by_bilinear_means():
    frame = np.zeros((20, 40, 3), np.uint8)
    frame[:, 20:] = 200
    whole = letterbox_of(20, 40, 64, 80).fit(frame)  # twice as large, rows 12 to 52
    np.testing.assert_array_equal(whole[12:52, :39], 0)
    np.testing.assert_array_equal(whole[30, 39:41], [[50] * 3, [150] * 3])  # a quarter and three quarters between
    np.testing.assert_array_equal(whole[12:52, 41:], 200)


def slow_one_each(boxes, keypoints, scores):
    """The same rule, one pair at a time."""
    kept = []
    for i in sorted(range(len(scores)), key=lambda i: (-scores[i], i)):
        for j in kept:
            (a, b, c, d), (e, f, g, h) = boxes[j].tolist(), boxes[i].tolist()
            common = max(0.0, min(c, g) - max(a, e)) * max(0.0, min(d, h) - max(b, f))
            union = (c - a) * (d - b) + (g - e) * (h - f) - common
            apart = sum(
                ((keypoints[i, k, 0] - keypoints[j, k, 0]) ** 2 + (keypoints[i, k, 1] - keypoints[j, k, 1]) ** 2) ** 0.5
                for k in range(17)
            )
            if common / union > SAME_BOX or apart / 17 < SAME_POSE * max(c - a, d - b):
                break
        else:
            kept.append(i)
    return kept


@pytest.mark.parametrize("seed", range(8))
def test_the_kept_are_those_of_a_slow_search(seed):
    random = np.random.default_rng(seed)
    who = random.integers(0, 4, 120)
    middle = random.uniform(50, 400, (4, 2))[who] + random.normal(0, 12, (120, 2))
    half = random.uniform(40, 60, (120, 2))
    boxes = np.concatenate([middle - half, middle + half], axis=1)
    keypoints = np.zeros((120, 17, 3))
    keypoints[:, :, :2] = middle[:, None] + random.normal(0, 10, (120, 17, 2))
    scores = random.uniform(0.25, 1, 120).round(1 + seed % 2)  # with and without equal scores
    kept = one_each(boxes, keypoints, scores).tolist()
    assert kept == slow_one_each(boxes, keypoints, scores)
    assert 2 <= len(kept) < 60


def answer_of(*people):
    """Columns of anchors: middle x, y, width, height, score; all key points at the middle, confidence 0.5."""
    columns = np.zeros((56, len(people)), np.float32)
    columns[:5] = np.array(people, np.float32).T
    columns[5::3], columns[6::3], columns[7::3] = columns[0], columns[1], 0.5
    return columns


def test_people_above_the_score_come_surest_first():
    found = people_found(answer_of((100, 100, 40, 80, 0.25), (300, 300, 60, 20, 0.5), (500, 100, 10, 10, 0.9)), WHOLE)
    np.testing.assert_allclose(found.scores, [0.9, 0.5])
    np.testing.assert_allclose(found.boxes, [[495, 95, 505, 105], [270, 290, 330, 310]])
    np.testing.assert_allclose(found.keypoints[1], np.tile([300, 300, 0.5], (17, 1)))


def test_nobody_gives_empty_arrays():
    found = people_found(answer_of((100, 100, 40, 80, 0.1)), WHOLE)
    assert (found.boxes.shape, found.scores.shape, found.keypoints.shape) == ((0, 4), (0,), (0, 17, 3))


def test_boxes_end_at_the_picture_and_joints_need_not():
    letterbox = letterbox_of(480, 640, 320, 320)  # half the size, 40 px of border above
    found = people_found(answer_of((10, 50, 40, 40, 0.9), (310, 270, 40, 40, 0.8)), letterbox)
    np.testing.assert_allclose(found.boxes, [[0, 0, 60, 60], [580, 420, 640, 480]])
    np.testing.assert_allclose(found.keypoints[0, 0, :2], [20, 20])
    outside = answer_of((10, 50, 40, 40, 0.9))
    outside[5] = -7
    np.testing.assert_allclose(people_found(outside, letterbox).keypoints[0, 0, :2], [-14, 20])


def test_an_end_to_end_answer_is_corners_score_class_joints():
    rows = np.zeros((3, 57), np.float32)
    rows[:, :6] = [[10, 20, 110, 220, 0.5, 0], [300, 20, 400, 220, 0.9, 0], [500, 20, 600, 220, 0.9, 1]]  # no person
    rows[0, 6:9], rows[1, 6::3] = [60, 40, 0.25], 350
    found = people_found(rows, WHOLE)
    np.testing.assert_allclose(found.boxes, [[300, 20, 400, 220], [10, 20, 110, 220]])
    np.testing.assert_allclose(found.keypoints[1, 0], [60, 40, 0.25])


def test_another_answer_is_refused():
    with pytest.raises(ValueError) as error:
        people_found(np.zeros((84, 100), np.float32), WHOLE)
    assert str(error.value) == (
        "poses: the network answers (84, 100) for a picture; a YOLO pose network of one class and the 17 "
        "COCO key points gives (56, anchors) or (people, 57); export such a one"
    )


def test_numbers_that_are_not_finite_are_refused():
    answer = answer_of((100, 100, 40, 80, 0.9))
    answer[20] = np.nan
    with pytest.raises(ValueError) as error:
        people_found(answer, WHOLE)
    assert str(error.value) == (
        "poses: the network answers with numbers that are not finite; export it again, in float32"
    )
    answer[4] = 0.1  # nobody looks at an anchor without a person
    assert not len(people_found(answer, WHOLE).boxes)
