"""Windows around key frames: their arithmetic, their tests of quality, and what normalisation removes."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dance_core.keyframes import KEYFRAME_SCHEMA
from dance_core.pose_segments import SegmentSettings, pose_segments, segment_schema, write_pose_segments
from dance_core.poses import POSES_SCHEMA
from dance_core.poses.skeleton import MIRROR
from dance_core.tables import read_table, write_table

PLAIN = {"length": 4, "maximum": 99}
SCHEMAS = {
    "poses": pa.schema([POSES_SCHEMA.field(name) for name in ("clip_id", "frame", "keypoints")]),
    "keyframes": pa.schema([KEYFRAME_SCHEMA.field(name) for name in ("clip_id", "frames")]),
}
# A person of 100 px torso who looks to the right: x and y of the 17 key points.
STANDING = np.array(
    [
        [20, -40], [18, -45], [16, -45], [5, -42], [3, -42], [10, 0], [-10, 0], [18, 40], [-16, 40], [25, 80],
        [-12, 80], [8, 100], [-8, 100], [10, 150], [-9, 150], [12, 200], [-11, 200],
    ],
    float,
)  # fmt: skip
PLACE = np.array([300.0, 200.0])


def walk(n: int, speed: float = 6.0, seed: int = 0) -> np.ndarray:
    """A person of 100 px torso walking to the right: (n, 17, 3), confidence 0.9."""
    rng = np.random.default_rng(seed)
    swing = 15 * np.sin(0.4 * np.arange(n)[:, None] + rng.uniform(0, 6, 17))
    joints = STANDING + PLACE + np.stack([swing, 0.3 * swing], axis=2)
    joints[:, [5, 6, 11, 12]] = (STANDING + PLACE)[[5, 6, 11, 12]]  # a stiff torso, so that 100 px is exact
    joints[..., 0] += speed * np.arange(n)[:, None]
    return np.concatenate([joints, np.full((n, 17, 1), 0.9)], axis=2)


def tables(
    keypoints: np.ndarray, keyframes: list[int], frames: np.ndarray | None = None
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    frames = np.arange(len(keypoints)) if frames is None else frames
    manifest = pd.DataFrame({"clip_id": ["a"], "split": ["train"], "label": ["walking"], "status": ["ok"]})
    rows = list(keypoints.reshape(len(keypoints), -1).astype(np.float32))
    poses = pd.DataFrame({"clip_id": "a", "frame": frames.astype(np.int32), "keypoints": rows})
    return manifest, poses, pd.DataFrame({"clip_id": ["a"], "frames": [np.array(keyframes, np.int32)]})


def cut(keypoints: np.ndarray, keyframes: list[int], frames: np.ndarray | None = None, **settings) -> tuple:
    segments, report = pose_segments(*tables(keypoints, keyframes, frames), SegmentSettings(**{**PLAIN, **settings}))
    return segments, report.iloc[0]


def frames_of(segments: pd.DataFrame) -> list[list[int]]:
    return [row.tolist() for row in segments["frames"]]


def joints_of(segments: pd.DataFrame, length: int = 4) -> np.ndarray:
    return np.stack(list(segments["joints"])).reshape(len(segments), length, 17, 2)


@pytest.mark.parametrize(
    ("length", "keyframe", "expected"),
    [
        (4, 5, [3, 4, 5, 6]),  # even: [k - L/2, k + L/2)
        (5, 5, [3, 4, 5, 6, 7]),  # odd: [k - floor(L/2), k + floor(L/2) + 1)
        (4, 0, [0, 1, 2, 3]),
        (5, 1, [0, 1, 2, 3, 4]),
        (4, 9, [6, 7, 8, 9]),
        (5, 9, [5, 6, 7, 8, 9]),
        (10, 2, list(range(10))),
    ],
)
def test_windows_are_centred_and_stay_inside(length: int, keyframe: int, expected: list[int]) -> None:
    segments, _ = cut(walk(10), [keyframe], length=length)
    assert frames_of(segments) == [expected]
    row = segments.iloc[0]
    assert (row["start"], row["end"], row["keyframe"]) == (expected[0], expected[-1], keyframe)
    assert row["segment_id"] == f"a:{expected[0]}-{expected[-1]}"


def test_a_step_takes_every_other_sampled_pose() -> None:
    # Sampled every third frame of the video; span (4 - 1) * 2 + 1 = 7 poses, centred on pose 10 (frame 30).
    frames = 3 * np.arange(21)
    segments, _ = cut(walk(21), [31], frames, step=2)
    assert frames_of(segments) == [[21, 27, 33, 39]]


def test_a_short_clip_is_stretched() -> None:
    segments, _ = cut(walk(3), [1], length=7)
    assert frames_of(segments) == [[0, 0, 1, 1, 1, 2, 2]]
    segments, _ = cut(walk(8), [1], step=3)  # span 10: the whole clip at evenly spaced poses
    assert frames_of(segments) == [[0, 2, 5, 7]]


def test_windows_do_not_cross_a_gap() -> None:
    frames = np.r_[0:6, 20:30]
    segments, report = cut(walk(16), [5, 21, 12], frames)
    assert frames_of(segments) == [[2, 3, 4, 5], [20, 21, 22, 23]]
    assert report["no_pose"] == 1  # nobody is seen near frame 12


def test_a_small_gap_is_none() -> None:
    segments, _ = cut(walk(8), [3], np.array([0, 1, 2, 3, 6, 7, 8, 9]))
    assert frames_of(segments) == [[1, 2, 3, 6]]


def test_a_scrap_between_gaps_is_refused() -> None:
    frames = np.r_[0:10, 30:32, 60:64]
    segments, report = cut(walk(16, speed=0), [31, 62], frames, length=8)
    assert frames_of(segments) == [[60, 60, 61, 61, 62, 62, 63, 63]]  # half a segment is enough, a quarter is not
    assert report["rejected_discontinuity"] == 1


def test_equal_windows_count_once_and_the_maximum_is_spread_evenly() -> None:
    segments, report = cut(walk(20), [0, 1, 2, *range(5, 20)], maximum=3)
    assert [row[0] for row in frames_of(segments)] == [0, 9, 16]
    assert report["duplicate"] == 3  # the windows of 1 and 2 are that of 0, the window of 19 is that of 18
    assert report["n_keyframes"] == 18 == report["n_segments"] + report["duplicate"] + report["surplus"]


def test_normal_form_by_hand() -> None:
    segments, _ = cut(walk(6), [3], mirror=False)
    joints = joints_of(segments)[0]
    assert joints[:, [11, 12]].mean(axis=1) == pytest.approx(np.zeros((4, 2)), abs=1e-6)
    assert joints[:, [5, 6]].mean(axis=1) == pytest.approx(np.tile([0, -1], (4, 1)), abs=1e-6)
    assert joints[0, 5] == pytest.approx([0.1, -1.0])


@pytest.mark.parametrize("normalisation", ["torso", "minmax"])
@pytest.mark.parametrize("change", ["place", "size"])
def test_place_and_size_do_not_matter(normalisation: str, change: str) -> None:
    keypoints = walk(12)
    moved = keypoints.copy()
    moved[..., :2] = keypoints[..., :2] * 4 if change == "size" else keypoints[..., :2] + [64, 128]
    plain, other = (cut(each, [3, 8], normalisation=normalisation)[0] for each in (keypoints, moved))
    assert joints_of(plain) == pytest.approx(joints_of(other), abs=1e-5)
    assert frames_of(plain) == frames_of(other)


@pytest.mark.parametrize("normalisation", ["torso", "minmax"])
@pytest.mark.parametrize("speed", [40.0, 0.5])  # by travel; by the nose
def test_a_mirrored_clip_gives_the_same_segment(normalisation: str, speed: float) -> None:
    keypoints = walk(12, speed)
    mirrored = keypoints[:, MIRROR].copy()
    mirrored[..., 0] = 640 - mirrored[..., 0]
    plain, other = (cut(each, [3, 8], normalisation=normalisation)[0] for each in (keypoints, mirrored))
    assert joints_of(plain) == pytest.approx(joints_of(other), abs=1e-5)
    unturned = cut(mirrored, [3, 8], normalisation=normalisation, mirror=False)[0]
    assert np.abs(joints_of(plain) - joints_of(unturned)).max() > 0.1


@pytest.mark.parametrize("side", [1, -1])
def test_arms_tell_the_side_when_the_nose_does_not(side: int) -> None:
    keypoints = walk(8, speed=0)
    keypoints[:, 0, 0] = 300  # the nose in the middle of the shoulders
    keypoints[:, [9, 10], 0] = 300 + side * np.array([60, 50])
    segments, _ = cut(keypoints, [4])
    assert (joints_of(segments)[0][:, [9, 10], 0] > 0.4).all()


def test_a_turn_is_seen_by_the_window() -> None:
    there = walk(8, speed=30)
    back = there[:, MIRROR].copy()
    back[..., 0] = 2 * there[-1, 11, 0] - back[..., 0]  # continues where the way there ended
    segments, _ = cut(np.concatenate([there, back]), [3, 11])
    assert frames_of(segments) == [[1, 2, 3, 4], [9, 10, 11, 12]]
    first, second = joints_of(segments)
    assert first == pytest.approx(second, abs=1e-5)


def test_minmax_is_the_unit_square_of_every_frame() -> None:
    joints = joints_of(cut(walk(6), [3], normalisation="minmax")[0])
    assert joints.min(axis=2) == pytest.approx(np.zeros((1, 4, 2)))
    assert joints.max(axis=2) == pytest.approx(np.ones((1, 4, 2)))


@pytest.mark.parametrize(("jump", "accepted"), [(249.0, True), (252.0, False)])
@pytest.mark.parametrize("offset", [0, 5000])
def test_a_jump_is_measured_in_torso_lengths_wherever_it_is(jump: float, accepted: bool, offset: int) -> None:
    keypoints = np.repeat(walk(1), 8, axis=0)
    keypoints[..., :2] += offset
    keypoints[4:, :, 0] += jump  # bound 2.5 torso lengths of 100 px
    segments, report = cut(keypoints, [4])
    assert len(segments) == accepted
    assert report["rejected_discontinuity"] == (not accepted)
    assert report["reason"] == ("" if accepted else "the pose jumps or is interrupted in every window")


def test_the_authors_cosine_depends_on_the_place() -> None:
    keypoints = np.repeat(walk(1), 8, axis=0)
    keypoints[:, :, 0] -= 250
    keypoints[4:, :, 0] += 400
    assert len(cut(keypoints, [4], discontinuity="cosine")[0]) == 0
    keypoints[..., :2] += 5000
    assert len(cut(keypoints, [4], discontinuity="cosine")[0]) == 1
    assert len(cut(keypoints, [4], discontinuity="none")[0]) == 1


def test_a_jump_between_the_poses_taken_counts() -> None:
    keypoints = np.repeat(walk(1), 21, axis=0)
    keypoints[11, :, 0] += 300  # pose 11 is not taken: 7, 9 ... hold the window's poses 7 to 13
    segments, report = cut(keypoints, [10], step=2)
    assert report["rejected_discontinuity"] == 1 and segments.empty


@pytest.mark.parametrize(("confidence", "accepted"), [(0.5, True), (0.49, False)])
def test_mean_confidence(confidence: float, accepted: bool) -> None:
    keypoints = walk(8)
    keypoints[..., 2] = np.float32(confidence)
    segments, report = cut(keypoints, [4])
    assert len(segments) == accepted
    assert report["rejected_confidence"] == (not accepted)


def test_joints_missing_for_a_while_are_interpolated_and_held() -> None:
    keypoints = np.repeat(walk(1), 6, axis=0)
    keypoints[:, 9, 0] = [300, 310, 320, 330, 340, 350]
    gaps = keypoints.copy()
    gaps[[2, 3], 9, :2] = np.nan
    whole, patched = (joints_of(cut(each, [3], length=6, mirror=False)[0], 6) for each in (keypoints, gaps))
    assert patched == pytest.approx(whole, abs=1e-6)
    gaps[5, 9, :2] = np.nan
    held = joints_of(cut(gaps, [3], length=6, mirror=False)[0], 6)
    assert held[0, 5, 9] == pytest.approx(whole[0, 4, 9])


def test_joints_never_seen() -> None:
    keypoints = walk(6)
    keypoints[:, 7, :2] = np.nan  # the left elbow: takes the place of the right one
    joints = joints_of(cut(keypoints, [3], mirror=False)[0])[0]
    assert joints[:, 7].tolist() == joints[:, 8].tolist()
    keypoints[:, [15, 16], :2] = np.nan  # both ankles: continue the thighs
    keypoints[:, :5, :2] = np.nan  # the face: half a torso above the shoulders
    joints = joints_of(cut(keypoints, [3], mirror=False)[0])[0]
    assert joints[:, 15] == pytest.approx(2 * joints[:, 13] - joints[:, 11], abs=1e-6)
    assert joints[:, 0] == pytest.approx(np.tile([0, -1.5], (4, 1)), abs=1e-6)
    keypoints[:, 2, :2] = walk(6)[:, 2, :2]  # one eye: the other joins it, the rest of the face as well
    joints = joints_of(cut(keypoints, [3], mirror=False)[0])[0]
    assert joints[:, 0] == pytest.approx(joints[:, 2])
    keypoints[:, [9, 10], :2] = np.nan  # no wrist at all: they stay missing, the rest is as before
    fewer = joints_of(cut(keypoints, [3], mirror=False)[0])[0]
    assert np.isnan(fewer[:, [9, 10]]).all()
    fewer[:, [9, 10]] = joints[:, [9, 10]]
    assert fewer.tolist() == joints.tolist()


def test_a_missing_joint_stays_missing_in_the_unit_square() -> None:
    keypoints = walk(6)
    keypoints[:, [15, 16, 13, 14], :2] = np.nan  # somebody seen down to the hips
    joints = joints_of(cut(keypoints, [3], normalisation="minmax")[0])[0]
    assert np.isnan(joints[:, 13:]).all()
    assert np.isfinite(joints[:, :13]).all()
    assert (joints[:, :13].min(axis=1), joints[:, :13].max(axis=1)) == (pytest.approx(0), pytest.approx(1))


def test_the_size_of_a_body_without_shoulders_is_that_of_its_legs() -> None:
    keypoints = walk(6, speed=0)
    legs = np.array([[8, 100], [-8, 100], [8, 160], [-8, 160], [8, 210], [-8, 210]]) + PLACE  # thigh 60, shin 50
    keypoints[:, 11:, :2] = legs
    keypoints[:, [5, 6], :2] = np.nan
    segments, _ = cut(keypoints, [3], mirror=False)
    joints = joints_of(segments)[0]
    assert joints[:, 13] == pytest.approx(np.tile([8 / 69, 60 / 69], (4, 1)))  # a torso of 1.15 * 60 px, hips at (0, 0)
    assert np.isnan(joints[:, [5, 6]]).all()


@pytest.mark.parametrize("head", [True, False])
def test_the_place_of_a_body_without_hips_is_told_by_shoulders_and_head(head: bool) -> None:
    keypoints = walk(6, speed=0)
    keypoints[:, 5:11, :2] = np.array([[10, 0], [-10, 0], [10, 40], [-10, 40], [10, 70], [-10, 70]]) + PLACE
    keypoints[:, :5, :2] = PLACE - (30, 0) if head else np.nan  # the head to the left of the shoulders
    keypoints[:, 11:, :2] = np.nan
    joints = joints_of(cut(keypoints, [3], mirror=False)[0])[0]
    torso = 1.65 * 40
    middle = [-1, 0] if head else [0, -1]  # the shoulders, seen from hips to the right or below, one torso away
    assert joints[:, [5, 6]].mean(axis=1) == pytest.approx(np.tile(middle, (4, 1)), abs=1e-6)
    assert joints[:, 5] - joints[:, 6] == pytest.approx(np.tile([20 / torso, 0], (4, 1)), abs=1e-6)
    assert np.isnan(joints[:, 11:]).all()


@pytest.mark.parametrize("missing", [[7, 8, 11, 12], [5, 6, 13, 14], [5, 6, 11, 12]])
def test_too_little_of_a_body_is_refused(missing: list[int]) -> None:
    keypoints = walk(6)
    keypoints[:, missing, :2] = np.nan
    segments, report = cut(keypoints, [3])
    assert segments.empty
    assert report["rejected_confidence"] == 1
    assert report["reason"] == "the key points are unsure in every window"


def test_what_the_skeleton_lacks_is_missing_and_not_unsure() -> None:
    """Eyes and ears with a confidence of NaN, as of Penn Action: 13 joints of 0.5 pass a bound of 0.5."""
    keypoints = walk(6)
    keypoints[..., 2] = 0.5
    whole = joints_of(cut(keypoints, [3])[0])[0]
    keypoints[:, 1:5] = np.nan
    joints = joints_of(cut(keypoints, [3])[0])[0]
    assert np.isnan(joints[:, 1:5]).all()
    assert joints[:, [0, *range(5, 17)]].tolist() == whole[:, [0, *range(5, 17)]].tolist()
    keypoints[:, 1:5, 2] = 0  # a skeleton that has them and did not find them
    assert cut(keypoints, [3])[0].empty


def test_every_clip_is_in_the_report_with_a_reason() -> None:
    manifest, poses, keyframes = tables(walk(8), [4])
    more = pd.DataFrame(
        {"clip_id": ["b", "c", "d"], "split": "test", "label": "running", "status": ["unreadable", "ok", "ok"]}
    )
    poses = pd.concat([poses, poses.assign(clip_id="d")])
    keyframes = pd.concat([keyframes, pd.DataFrame({"clip_id": ["d"], "frames": [np.array([], np.int32)]})])
    segments, report = pose_segments(pd.concat([manifest, more]), poses, keyframes, SegmentSettings(**PLAIN))
    assert report["clip_id"].tolist() == ["a", "b", "c", "d"]
    assert report["n_segments"].tolist() == [1, 0, 0, 0]
    assert report["reason"].tolist() == [
        "",
        "the clip is unreadable",
        "no person was seen",
        "there is no key frame",
    ]
    assert segments[["clip_id", "split", "label"]].to_numpy().tolist() == [["a", "train", "walking"]]


def test_row_order_does_not_matter_and_the_table_can_be_written(tmp_path) -> None:
    manifest, poses, keyframes = tables(walk(30), [4, 20])
    settings = SegmentSettings(**PLAIN)
    segments, _ = pose_segments(manifest, poses, keyframes, settings)
    shuffled, _ = pose_segments(manifest, poses.sample(frac=1, random_state=0), keyframes, settings)
    pd.testing.assert_frame_equal(segments, shuffled)
    for name, table in (("one", segments), ("two", shuffled), ("none", segments.iloc[:0])):
        write_table(tmp_path / name, table, segment_schema(4))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert read_table(tmp_path / "one")["joints"][0].shape == (4 * 34,)
    assert len(read_table(tmp_path / "none")) == 0


def test_unknown_clips_are_refused() -> None:
    manifest, poses, keyframes = tables(walk(8), [4])
    with pytest.raises(ValueError, match="poses has clip 'z', which the manifest lacks; rebuild poses"):
        pose_segments(manifest, poses.assign(clip_id="z"), keyframes, SegmentSettings())
    with pytest.raises(ValueError, match="keyframes has no row for clip 'a', which has poses; rebuild keyframes"):
        pose_segments(manifest, poses, keyframes.iloc[:0], SegmentSettings())


@pytest.mark.parametrize("n_shards", [1, 3])
@pytest.mark.parametrize("clips_at_once", [1, 64])
def test_files_are_read_and_written_as_tables_are(tmp_path, monkeypatch, n_shards: int, clips_at_once: int) -> None:
    monkeypatch.setattr("dance_core.pose_segments.segments.CLIPS_AT_ONCE", clips_at_once)
    clips = [tables(walk(8 + number, seed=number), [4]) for number in range(5)]
    clips[3] = (clips[3][0], *(table.iloc[:0] for table in clips[3][1:]))  # nobody is seen
    several = [[table.assign(clip_id=f"clip{i}") for i, table in enumerate(each)] for each in zip(*clips, strict=True)]
    settings = SegmentSettings(**PLAIN)
    for name, parts in (("poses", several[1]), ("keyframes", several[2])):
        for shard in range(n_shards):
            write_table(tmp_path / name / str(shard), pd.concat(parts[shard::n_shards]), SCHEMAS[name])
    manifest = pd.concat(several[0], ignore_index=True)
    shards = [list((tmp_path / name).iterdir()) for name in ("poses", "keyframes")]
    write_pose_segments(tmp_path / "segments", tmp_path / "report", manifest, *shards, settings)
    segments, report = pose_segments(manifest, *(pd.concat(parts) for parts in several[1:]), settings)
    assert report["n_segments"].tolist() == [1, 1, 1, 0, 1]
    for name, expected in (("segments", segments), ("report", report)):
        pd.testing.assert_frame_equal(read_table(tmp_path / name), expected, check_dtype=name == "report")


def test_a_clip_in_two_shards_leaves_no_file(tmp_path) -> None:
    manifest, poses, keyframes = tables(walk(8), [4])
    for name, table in (("poses", poses), ("keyframes", keyframes)):
        for shard in range(2):
            write_table(tmp_path / name / str(shard), table, SCHEMAS[name])
    shards = [sorted((tmp_path / name).iterdir()) for name in ("poses", "keyframes")]
    with pytest.raises(ValueError, match="poses: clip 'a' occurs in two shards; delete both and run again"):
        write_pose_segments(tmp_path / "segments", tmp_path / "report", manifest, *shards, SegmentSettings(**PLAIN))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keyframes", "poses"]


def test_a_frame_with_two_poses_is_refused() -> None:
    manifest, poses, keyframes = tables(walk(8), [4])
    with pytest.raises(ValueError, match="poses: the frames of clip 'a' do not ascend; rebuild poses"):
        pose_segments(manifest, pd.concat([poses, poses.iloc[:1]]), keyframes, SegmentSettings())


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"length": 1}, "pose_segments: length is 1; it must be at least 2"),
        ({"step": 0}, "pose_segments: step is 0; it must be at least 1"),
        ({"discontinuity": "speed"}, "discontinuity 'speed' is unknown; use one of displacement, cosine, none"),
        ({"normalisation": "box"}, "normalisation 'box' is unknown; use one of torso, minmax"),
    ],
)
def test_error_sentences(settings: dict, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        SegmentSettings(**settings)
    assert sentence in str(caught.value)
