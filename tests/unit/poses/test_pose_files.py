import json

import numpy as np
import pytest
from scipy.io import savemat

from dance_core.poses.file import PoseFiles, pose_file_size, read_pose_file
from tests.unit.poses.people import PENN, clip


def dance_frame(x, y, confidence=0.9):
    return [[y, x, confidence]] * 17


def write(path, document):
    path.write_text(json.dumps(document))
    return path


def people_of(folder, row, numbers):
    files = PoseFiles(folder)
    files.reset(row)
    return list(files.people((number, None) for number in numbers))


def test_dance_files_are_read_as_y_x(tmp_path):
    frames = [{"0": dance_frame(30, 40)}, {}, {"0": dance_frame(31, 41), "1": dance_frame(5, 6)}]
    write(tmp_path / "a_result.json", {"keypoints": frames, "skeleton": {}})
    first, second, third = people_of(tmp_path, clip(), [0, 1, 2])
    np.testing.assert_allclose(first[0].keypoints[3], [30, 40, 0.9])
    assert second == []
    assert [found.identity for found in third] == [0, 1]


def test_sampled_frames_are_picked_by_number(tmp_path):
    frames = [{"0": dance_frame(10 * frame, 40)} for frame in range(3)]
    write(tmp_path / "a.json", {"keypoints": frames})
    [[found]] = people_of(tmp_path, clip(), [2])
    assert found.keypoints[0, 0] == 20


def coco(images, **annotation):
    usual = {"image_id": 7, "keypoints": [30, 40, 2] * 15 + [0, 0, 0, 50, 60, 1], "bbox": [1, 2, 10, 20]}
    return {"images": images, "annotations": [usual | annotation]}


def test_coco_files_by_frame_index(tmp_path):
    write(tmp_path / "a.json", coco([{"id": 7, "frame_index": 2}], score=0.5, track_id=4))
    assert people_of(tmp_path, clip(), [0, 1]) == [[], []]
    [[found]] = people_of(tmp_path, clip(), [2])
    np.testing.assert_allclose(found.keypoints[0], [30, 40, 1])
    np.testing.assert_allclose(found.keypoints[15], [np.nan, np.nan, 0])
    np.testing.assert_allclose(found.keypoints[16], [50, 60, 0.5])
    np.testing.assert_allclose(found.box, [1, 2, 11, 22])
    assert (found.score, found.identity) == (0.5, 4)


def test_coco_files_by_the_order_of_names(tmp_path):
    images = [{"id": 7, "file_name": "f_10.jpg"}, {"id": 1, "file_name": "f_9.jpg"}, {"id": 2, "file_name": "f_8.jpg"}]
    write(tmp_path / "a.json", coco(images, keypoints=[30, 40, 0.25] * 17))
    people = people_of(tmp_path, clip(), [0, 1, 2])
    assert [len(present) for present in people] == [0, 0, 1]
    assert people[2][0].keypoints[0, 2] == 0.25


def test_penn_action_people(tmp_path):
    """Two frames: everything visible; a box without an extent, and a frame in which nothing is visible."""
    x = np.arange(39, dtype=float).reshape(3, 13) + 10
    visible = np.ones((3, 13), np.uint8)
    visible[2] = 0
    boxes = np.array([[1.0, 2, 30, 40], [5, 5, 5, 5], [1, 2, 30, 40]])
    content = {"x": x, "y": x + 100, "visibility": visible, "bbox": boxes, "dimensions": [[480, 640, 3]]}
    savemat(tmp_path / "a.mat", content)
    [[first], [second], third] = people_of(tmp_path, clip(), [0, 1, 2])
    np.testing.assert_array_equal(first.keypoints[0], [10, 110, 1])  # the head stands for the nose
    np.testing.assert_array_equal(first.box, [1, 2, 30, 40])
    np.testing.assert_allclose(second.box, [23 - 1.2, 123 - 1.2, 35 + 1.2, 135 + 1.2], rtol=1e-6)  # the joints' own
    assert third == []
    assert np.isnan(first.keypoints[1:5]).all()  # the skeleton has no eyes and ears: not known, rather than unsure
    assert np.isfinite(first.keypoints[5:]).all()


@pytest.mark.skipif(not PENN.is_dir(), reason=f"{PENN} is absent")
def test_official_penn_action_files():
    frames, n_frames = read_pose_file(PENN / "0001.mat", 480, 360)
    assert (n_frames, len(frames)) == (151, 151)
    np.testing.assert_allclose(frames[0][0].box, [86.25, 45.75, 168.75, 350.25])
    assert frames[0][0].keypoints[0, 0] == 136.5
    assert np.isfinite(frames[0][0].keypoints[5:, :2]).all()


@pytest.mark.parametrize("eyes", [0, 1])
def test_eyes_and_ears_that_no_frame_has_are_not_known(tmp_path, eyes):
    keypoints = [30, 40, 2] + [0, 0, 0] * 3 + [0, 0, eyes] + [30, 40, 2] * 12
    write(tmp_path / "a.json", coco([{"id": 7, "frame_index": 2}], keypoints=keypoints))
    [[found]] = people_of(tmp_path, clip(), [2])
    np.testing.assert_array_equal(found.keypoints[1:4, 2], [0, 0, 0] if eyes else [np.nan] * 3)


def test_the_size_of_a_clip_is_read_from_its_poses(tmp_path):
    content = {name: np.ones((2, 13)) for name in ("x", "y", "visibility")}
    savemat(tmp_path / "a.mat", content | {"bbox": np.ones((2, 4)), "dimensions": np.array([[480, 640, 2]], np.uint16)})
    assert pose_file_size(tmp_path / "a.mat") == (2, 640, 480)
    images = [{"id": 7, "file_name": f"{place}.jpg", "width": 320, "height": 240} for place in range(3)]
    assert pose_file_size(write(tmp_path / "b.json", coco(images))) == (3, 320, 240)
    images = [{"id": 7, "frame_index": 8, "width": 320, "height": 240}]
    assert pose_file_size(write(tmp_path / "c.json", coco(images))) == (9, 320, 240)


@pytest.mark.parametrize("document", [{"keypoints": []}, coco([{"id": 7, "frame_index": 8}]), [1]])
def test_a_file_that_does_not_tell_the_size_is_named(tmp_path, document):
    path = write(tmp_path / "a.json", document)
    with pytest.raises(ValueError) as error:
        pose_file_size(path)
    found, cure = str(error.value).rsplit("; ", 1)
    assert found.startswith(f"{path}: does not say how long and how large its clip is (at ")
    assert cure == "give a Penn Action .mat, COCO images with width and height, or the video itself"


def test_an_absent_folder_is_named():
    with pytest.raises(ValueError, match=r"poses: folder of pose files 'None' does not exist; set poses\.folder"):
        PoseFiles(None)


def test_a_clip_without_a_file_is_named(tmp_path):
    with pytest.raises(ValueError) as error:
        people_of(tmp_path, clip(), [0])
    assert str(error.value) == (
        f"poses: clip 'a' has no pose file in {tmp_path}/; put a.json, a_result.json or a.mat there"
    )


def test_a_file_of_another_length_is_named(tmp_path):
    path = write(tmp_path / "a.json", {"keypoints": [{}] * 4})
    with pytest.raises(ValueError) as error:
        people_of(tmp_path, clip(), [0])
    assert str(error.value) == (
        f"poses: clip 'a' has 3 frames but {path} has 4; estimate its poses again from the same video"
    )
    assert people_of(tmp_path, clip(status="truncated"), [0, 1, 2]) == [[], [], []]
    with pytest.raises(ValueError, match="clip 'a' has 5 frames"):
        people_of(tmp_path, clip(status="truncated", n_frames=5), [0])


def test_a_pose_beyond_the_clip_is_named(tmp_path):
    path = write(tmp_path / "a.json", coco([{"id": 7, "frame_index": 3}]))
    with pytest.raises(ValueError) as error:
        people_of(tmp_path, clip(), [0])
    assert str(error.value) == (
        f"poses: clip 'a' has 3 frames but {path} has a pose of frame 3; frames are counted from 0"
    )


@pytest.mark.parametrize("document", [{"other": 1}, [1], {"keypoints": [{"0": [[1, 2]]}]}, {"annotations": [{}]}])
def test_a_file_of_no_known_format_is_named(tmp_path, document):
    path = write(tmp_path / "a.json", document)
    with pytest.raises(ValueError) as error:
        read_pose_file(path, 640, 480)
    found, cure = str(error.value).rsplit("; ", 1)
    assert found.startswith(f"{path}: neither COCO key points nor DANCE key points, at ")
    assert cure == (
        'write {"images": [...], "annotations": [...]} as COCO does, or {"keypoints": [frames]} where a frame is '
        '{"0": 17 times [y, x, confidence]} with the number of each person, or give a Penn Action .mat instead'
    )


def test_broken_files_are_named(tmp_path):
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(ValueError, match=r"a\.json: not a JSON file"):
        read_pose_file(tmp_path / "a.json", 640, 480)
    (tmp_path / "a.mat").write_text("no")
    with pytest.raises(ValueError, match=r"a\.mat: not a Penn Action annotation"):
        read_pose_file(tmp_path / "a.mat", 640, 480)
    savemat(tmp_path / "b.mat", {"x": np.ones((2, 13))})
    with pytest.raises(ValueError, match=r"b\.mat: not a Penn Action annotation"):
        read_pose_file(tmp_path / "b.mat", 640, 480)
