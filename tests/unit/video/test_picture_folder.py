"""Folders of pictures are clips like any other."""

import numpy as np
import pytest
from PIL import Image

from dance_core.video import UnreadableVideo, iterate_frames, probe_clip, read_frames
from dance_core.video.picture_folder import pictures_in
from tests.unit.video.numbered_video import HEIGHT, WIDTH, number_in, picture


def write_pictures(folder, n=8, suffix=".png", size=(WIDTH, HEIGHT), first=1):
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(n):
        Image.fromarray(picture(number, *size)).save(folder / f"{first + number:06d}{suffix}")
    return folder


def test_frames_are_the_pictures_in_the_order_of_their_names(tmp_path):
    folder = write_pictures(tmp_path / "0001")
    (folder / "notes.txt").write_text("no picture")
    (folder / "._000001.png").write_text("no picture")
    frames = read_frames(folder)
    np.testing.assert_array_equal(frames, [picture(number) for number in range(8)])
    np.testing.assert_array_equal(read_frames(folder, [6, 2, 6]), frames[[6, 2, 6]])
    np.testing.assert_array_equal(read_frames(f"{folder}#frames=2-5&fps=30"), frames[2:6])
    np.testing.assert_array_equal(read_frames(f"{folder}#frames=2-5", [3], decoder="decord"), frames[[5]])
    assert [index for index, _ in iterate_frames(f"{folder}#frames=2-")] == list(range(6))
    assert list(iterate_frames(folder, [])) == []


def test_numbers_without_leading_zeros_are_sorted_by_their_value(tmp_path):
    for name in ("frame2b.png", "frame10.png", "frame1.png", "frame01.png", "a٣.png"):
        (tmp_path / name).touch()
    names = [file.name for file in pictures_in(tmp_path)]
    assert names == ["a٣.png", "frame01.png", "frame1.png", "frame2b.png", "frame10.png"]


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".JPG"])
def test_photographs(tmp_path, suffix):
    folder = write_pictures(tmp_path / "0001", 3, suffix)
    assert [number_in(frame) for frame in read_frames(folder)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("fragment", "n_frames", "fps"),
    [("", 8, 25.0), ("#fps=30", 8, 30.0), ("/#fps=29.97", 8, 29.97), ("#frames=2-4&fps=10", 3, 10.0)],
)
def test_the_probe_describes_the_folder(tmp_path, fragment, n_frames, fps):
    probe = probe_clip(f"{write_pictures(tmp_path / '0001')}{fragment}")
    assert (probe.n_frames, probe.fps, probe.width, probe.height) == (n_frames, fps, WIDTH, HEIGHT)
    assert (probe.status, probe.reason) == ("ok", "")
    assert probe.duration_s == pytest.approx(n_frames / fps)


def test_pictures_stand_upright_and_grey_ones_have_three_colours(tmp_path):
    image = Image.fromarray(picture(5))
    exif = image.getexif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    image.save(tmp_path / "1.png", exif=exif)
    np.testing.assert_array_equal(read_frames(tmp_path)[0], np.rot90(picture(5), -1))
    assert probe_clip(tmp_path).width == HEIGHT
    (tmp_path / "1.png").unlink()
    Image.fromarray(picture(5)[..., 0]).save(tmp_path / "1.png")
    assert read_frames(tmp_path).shape == (1, HEIGHT, WIDTH, 3)


def break_picture(folder, number):
    file = pictures_in(folder)[number]
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_broken_picture_ends_the_clip(tmp_path, suffix):
    folder = write_pictures(tmp_path / "0001", suffix=suffix)
    break_picture(folder, 5)
    probe = probe_clip(folder)
    assert (probe.n_frames, probe.status) == (5, "truncated")
    assert probe.reason.startswith(f"picture '000006{suffix}' cannot be decoded (")
    assert probe.reason.endswith("); the frames before are used")
    assert len(read_frames(folder)) == 5
    assert number_in(read_frames(folder, [4])[0]) == 4
    with pytest.raises(
        ValueError, match=r"0001: picture '000006\.\w+' cannot be decoded \(.*\); read the manifest again"
    ):
        read_frames(folder, [5])
    assert probe_clip(f"{folder}#frames=6-").n_frames == 2  # pictures do not lean on those before


def test_pictures_of_different_sizes_end_the_clip(tmp_path):
    folder = write_pictures(tmp_path / "0001", 3)
    write_pictures(folder, 2, size=(HEIGHT + 64, WIDTH), first=4)
    probe = probe_clip(folder)
    assert (probe.n_frames, probe.width, probe.status) == (3, WIDTH, "truncated")
    assert probe.reason == (
        "picture '000004.png' has 160 x 160 pixels but the first of the clip has 160 x 96; the frames before are used"
    )
    assert len(read_frames(folder)) == 3
    with pytest.raises(ValueError, match=r"0001: picture '000005\.png' has 160 x 160 pixels but the first"):
        read_frames(folder, [4])


def test_a_range_beyond_the_last_picture_is_truncated(tmp_path):
    probe = probe_clip(f"{write_pictures(tmp_path / '0001')}#frames=5-9")
    assert (probe.n_frames, probe.status) == (3, "truncated")
    assert probe.reason == "the file has frames 0 to 7 but the clip is frames 5 to 9; the frames before are used"


def test_folders_that_cannot_be_read_say_why(tmp_path):
    folder = write_pictures(tmp_path / "0001", 3)
    assert probe_clip(f"{folder}#frames=3-").reason == "the file has frames 0 to 2 but the clip begins at frame 3"
    with pytest.raises(ValueError, match=r"0001: frame 3 was asked for but the folder has frames 0 to 2; read the man"):
        read_frames(folder, [3])
    pictures_in(folder)[0].write_text("a text")
    assert probe_clip(folder).reason == "picture '000001.png' cannot be decoded (it is no picture)"
    with pytest.raises(
        UnreadableVideo, match=r"0001: picture '000001\.png' cannot be decoded \(it is no picture\); rep"
    ):
        read_frames(folder, [2])
    (tmp_path / "none").mkdir()
    assert probe_clip(tmp_path / "none").reason == "the folder holds no picture (.jpg, .jpeg, .png)"
