import av
import numpy as np
import pandas as pd
import pytest

from dance_core.keyframes import KEYFRAME_SCHEMA, KeyframeSettings, select_keyframes, write_keyframes
from dance_core.keyframes.frame_difference import changed_pixels, frame_difference_keyframes, polynomial_baseline
from dance_core.keyframes.pose_motion import motion_energy, motion_energy_keyframes
from dance_core.keyframes.settings import DETECTORS
from dance_core.tables import read_table, write_table

# A standing person of COCO-17 joints; mid-shoulders to mid-hips are 100 pixels.
HEAD = [(0, -30), (5, -35), (-5, -35), (10, -32), (-10, -32)]
ARMS = [(20, 0), (-20, 0), (40, 40), (-40, 40), (40, 80), (-40, 80)]
LEGS = [(15, 100), (-15, 100), (15, 160), (-15, 160), (15, 220), (-15, 220)]
STANDING = np.array([*HEAD, *ARMS, *LEGS], float)
TORSO = 100.0


def moving(offsets):
    """The standing person, moved sideways as a whole to each offset in torso lengths."""
    points = STANDING[None] + np.stack([np.asarray(offsets) * TORSO, np.zeros(len(offsets))], 1)[:, None]
    return np.concatenate([points, np.ones((len(offsets), 17, 1))], -1).astype(np.float32)


def test_energy_is_in_torso_lengths_per_second():
    """0.1 torso lengths a frame at 25 frames per second are 2.5 a second."""
    energy = motion_energy(np.arange(20), moving(0.1 * np.arange(20)), 25.0)
    np.testing.assert_allclose(energy, 2.5, rtol=1e-4)


def test_energy_does_not_depend_on_sampling_size_or_place():
    frames, offsets = np.arange(0, 60, 2), 0.1 * np.arange(0, 60, 2)
    person = moving(offsets)
    person[..., :2] = person[..., :2] * 3 + 50
    np.testing.assert_allclose(motion_energy(frames, person, 25.0), 2.5, rtol=1e-4)


def test_energy_passes_over_missing_joints_and_long_gaps():
    """A missing elbow does not count; a jump over a second in which nobody was seen is no motion."""
    frames = np.array([0, 2, 4, 6, 56, 58, 60])
    person = moving([0, 0.1, 0.2, 0.3, 9.0, 9.1, 9.2])
    person[2, 7, :2] = np.nan
    np.testing.assert_allclose(motion_energy(frames, person, 25.0), 0.1 / 0.08, rtol=1e-4)


def test_energy_of_nothing_and_of_one_pose_is_zero():
    assert motion_energy(np.arange(0), moving([]), 25.0).tolist() == []
    assert motion_energy(np.arange(1), moving([0]), 25.0).tolist() == [0]
    nobody = np.full((4, 17, 3), np.nan, np.float32)
    assert motion_energy(np.arange(4), nobody, 25.0).tolist() == [0] * 4


def bursts(n, centres, height=0.2):
    """Positions of somebody who moves fast around some frames and rests in between."""
    speed = sum(height * np.exp(-0.5 * ((np.arange(n) - centre) / 3) ** 2) for centre in centres)
    return np.cumsum(speed)


def test_keyframes_are_the_peaks_of_motion():
    frames, scores = motion_energy_keyframes(
        np.arange(100), moving(bursts(100, [20, 50, 80])), 25.0, KeyframeSettings(minimum=1)
    )
    assert np.abs(frames - [20, 50, 80]).max() <= 1
    assert frames.dtype == np.int32
    assert scores.dtype == np.float32
    assert (scores > 3).all()


def test_keyframes_are_frames_of_the_video_not_places_in_the_list():
    """The same bursts in a clip whose every second frame is sampled, from frame 10 on."""
    sampled = np.arange(10, 100, 2)
    frames, _ = motion_energy_keyframes(
        sampled, moving(bursts(100, [30, 70])[sampled]), 25.0, KeyframeSettings(minimum=1)
    )
    assert np.abs(frames - [30, 70]).max() <= 2
    assert set(frames) <= set(sampled)


def test_the_strongest_peaks_stay_and_keep_their_distance():
    offsets = bursts(200, [20, 60, 100], 0.2) + bursts(200, [140], 0.4)
    frames, _ = motion_energy_keyframes(np.arange(200), moving(offsets), 25.0, KeyframeSettings(minimum=1, maximum=1))
    assert np.abs(frames - [140]).max() <= 1
    rng = np.random.default_rng(0)
    settings = KeyframeSettings(minimum_gap_s=0.4)
    frames, _ = motion_energy_keyframes(np.arange(200), moving(rng.normal(0, 0.1, 200).cumsum()), 25.0, settings)
    assert np.diff(frames).min() >= 10
    assert len(frames) == 12


def test_a_held_pose_has_evenly_spaced_keyframes():
    trembling = moving(np.random.default_rng(0).normal(0, 0.001, 90))
    frames, _ = motion_energy_keyframes(np.arange(90), trembling, 30.0, KeyframeSettings(minimum=3))
    assert frames.tolist() == [15, 44, 74]  # middles of thirds of 0 to 89: 14.83, 44.5 (the earlier), 74.17


def test_one_peak_stays_when_evenly_spaced_frames_are_added():
    frames, _ = motion_energy_keyframes(np.arange(90), moving(bursts(90, [40])), 30.0, KeyframeSettings(minimum=3))
    assert len(frames) == 3
    assert np.abs(frames - 40).min() <= 1


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_very_short_clips_have_what_they_can(n):
    frames, scores = motion_energy_keyframes(np.arange(n), moving(np.zeros(n)), 25.0, KeyframeSettings())
    assert len(frames) == len(scores) == min(n, 1)


def test_changed_pixels_are_counted_after_the_blur():
    """One white pixel on black: blurred over 9 by 9 pixels, of which those that round to 0 do not count."""
    import cv2

    black = np.zeros((40, 40, 3), np.uint8)
    dot = black.copy()
    dot[20, 20] = 255
    kernel = cv2.getGaussianKernel(9, 0)
    expected = int((np.rint(255 * kernel @ kernel.T) > 0).sum())
    counts = changed_pixels([black, dot, dot, black])
    assert counts.tolist() == [0, expected, 0, expected]
    assert 9 < expected <= 81


def test_the_baseline_lies_on_the_curve_under_the_peaks():
    x = np.arange(100.0)
    curve = 500 + 3 * x - 0.02 * x**2
    signal = curve.copy()
    signal[[20, 50, 70]] += 800
    assert np.abs(polynomial_baseline(signal) - curve).max() < 0.05 * 800
    assert polynomial_baseline(np.zeros(5)).tolist() == [0] * 5
    assert polynomial_baseline(np.zeros(0)).tolist() == []


def flicker(n, changes):
    """Black pictures with a square that appears for one frame at some frames; its size sets the height of the peak."""
    frames = np.zeros((n, 48, 64, 3), np.uint8)
    for place, size in changes.items():
        frames[place:, 10 : 10 + size, 10 : 10 + size] = 255 - frames[place:, 10 : 10 + size, 10 : 10 + size]
    return frames


def test_frame_difference_finds_the_changes():
    frames, scores = frame_difference_keyframes(iter(flicker(60, {10: 20, 30: 20, 45: 20})), KeyframeSettings())
    assert frames.tolist() == [10, 30, 45]
    assert (scores > 300).all()


def test_long_clips_have_a_higher_threshold():
    """The smaller square changes 472 pixels and the larger one 1144: 41 %, between 0.3 and 0.5."""
    changes = {10: 26, 30: 14}
    settings = KeyframeSettings(detector="frame_difference")
    short, _ = frame_difference_keyframes(flicker(70, changes), settings)
    long, _ = frame_difference_keyframes(flicker(71, changes), settings)
    assert (short.tolist(), long.tolist()) == ([10, 30], [10])


def test_frame_difference_has_no_limit_unless_one_is_set():
    changes = dict.fromkeys(range(4, 60, 4), 20)
    every, _ = frame_difference_keyframes(flicker(62, changes), KeyframeSettings(detector="frame_difference"))
    assert every.tolist() == list(changes)
    some, _ = frame_difference_keyframes(flicker(62, changes | {40: 30}), KeyframeSettings(maximum=3, minimum=1))
    assert len(some) == 3
    assert 40 in some


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_frame_difference_of_short_and_still_clips_is_empty(n):
    assert frame_difference_keyframes(flicker(n, {}), KeyframeSettings())[0].tolist() == []


def manifest_of(rows):
    return pd.DataFrame(rows, columns=["clip_id", "path", "fps", "status"])


def test_every_usable_clip_has_a_row(tmp_path):
    manifest = manifest_of(
        [("b", "b.mp4", 25.0, "ok"), ("a", "a.mp4", 25.0, "truncated"), ("x", "x.mp4", 0.0, "unreadable")]
    )
    person = moving(bursts(100, [20, 50, 80]))
    poses = pd.DataFrame(
        {"clip_id": "b", "frame": np.arange(100, dtype=np.int32), "keypoints": [p.ravel() for p in person]}
    )
    shuffled = poses.sample(frac=1, random_state=0)
    table = select_keyframes(manifest, tmp_path, shuffled, KeyframeSettings())
    assert table["clip_id"].tolist() == ["a", "b"]
    assert len(table["frames"][0]) == len(table["scores"][0]) == 0
    expected = motion_energy_keyframes(np.arange(100), person, 25.0, KeyframeSettings())
    np.testing.assert_array_equal(table["frames"][1], expected[0])
    write_table(tmp_path / "keyframes.parquet", table, KEYFRAME_SCHEMA)
    np.testing.assert_array_equal(read_table(tmp_path / "keyframes.parquet")["frames"][1], expected[0])
    without = select_keyframes(manifest, tmp_path, poses.iloc[:0], KeyframeSettings())
    assert [len(frames) for frames in without["frames"]] == [0, 0]


@pytest.mark.parametrize("clips_at_once", [1, 64])
def test_files_are_read_and_written_as_tables_are(tmp_path, monkeypatch, clips_at_once):
    monkeypatch.setattr("dance_core.keyframes.selection.CLIPS_AT_ONCE", clips_at_once)
    rows = [(f"clip{number}", "", 25.0, "unreadable" if number == 2 else "ok") for number in range(5)]
    person = moving(bursts(100, [20, 50, 80]))
    seen = [n for n in range(5) if n not in (2, 3)]
    poses = pd.concat(
        [
            pd.DataFrame(
                {
                    "clip_id": f"clip{n}",
                    "frame": np.arange(50 + n),
                    "keypoints": [p.ravel() for p in person[n:][: 50 + n]],
                }
            )
            for n in seen
        ]
    )
    write_table(tmp_path / "poses", poses)
    write_keyframes(tmp_path / "keyframes", manifest_of(rows), tmp_path, tmp_path / "poses", KeyframeSettings())
    expected = select_keyframes(manifest_of(rows), tmp_path, poses, KeyframeSettings())
    assert [len(frames) > 0 for frames in expected["frames"]] == [True, True, False, True]
    pd.testing.assert_frame_equal(read_table(tmp_path / "keyframes"), expected)


def test_poses_of_a_strange_clip_are_refused(tmp_path):
    poses = pd.DataFrame({"clip_id": "z", "frame": np.arange(3), "keypoints": [p.ravel() for p in moving(np.zeros(3))]})
    with pytest.raises(ValueError, match=r"^poses has clip 'z', which the manifest lacks; rebuild poses$"):
        select_keyframes(manifest_of([("a", "", 25.0, "ok")]), tmp_path, poses, KeyframeSettings())


def test_a_clip_of_unknown_rate_counts_as_25_frames_a_second(tmp_path):
    poses = pd.DataFrame(
        {"clip_id": "a", "frame": np.arange(100), "keypoints": [p.ravel() for p in moving(bursts(100, [20]))]}
    )
    tables = [
        select_keyframes(manifest_of([("a", "", fps, "ok")]), tmp_path, poses, KeyframeSettings())
        for fps in (np.nan, 25.0, 50.0)
    ]
    assert tables[0]["scores"][0].tolist() == tables[1]["scores"][0].tolist() != tables[2]["scores"][0].tolist()
    assert tables[0]["frames"][0].tolist() == tables[1]["frames"][0].tolist()


def test_frame_difference_reads_the_video_and_needs_no_poses(tmp_path):
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv444p"
        for image in flicker(60, {10: 20, 30: 20}):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv444p")))
        container.mux(stream.encode(None))
    settings = KeyframeSettings(detector="frame_difference")
    table = select_keyframes(manifest_of([("a", "a.mp4", 25.0, "ok")]), tmp_path, None, settings)
    assert table["frames"][0].tolist() == [10, 30]


def test_pose_motion_needs_poses(tmp_path):
    sentence = r"^keyframes: detector 'pose_motion' needs poses; give them or use detector 'frame_difference'$"
    with pytest.raises(ValueError, match=sentence):
        select_keyframes(manifest_of([]), tmp_path, None, KeyframeSettings())


def test_settings_that_cannot_be_meant_are_refused():
    sentence = r"^keyframe detector 'pose' is unknown; use one of pose_motion, frame_difference$"
    with pytest.raises(ValueError, match=sentence):
        KeyframeSettings(detector="pose")
    with pytest.raises(ValueError, match=r"^keyframes: minimum 3 and maximum 2 do not go together; set 1 <= minimum"):
        KeyframeSettings(maximum=2)
    assert KeyframeSettings(detector="frame_difference", maximum=2).maximum == 2  # it has no minimum
    for detector in DETECTORS:
        with pytest.raises(ValueError, match=r"^keyframes: minimum 0 and maximum None do not go together; set 1 <= "):
            KeyframeSettings(detector=detector, minimum=0)
