"""Levels are those that BT.2408 tables: white paper of 203 cd/m² is coded 58 % in PQ and 75 % in HLG."""

import av
import numpy as np
import pytest

from dance_core.video import probe_clip, read_frames
from dance_core.video.high_dynamic_range import standard_range
from dance_core.video.orientation import QUARTER_TURNS, display_matrix
from tests.unit.video.numbered_video import write_video

TO_BT2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])  # BT.2087


def shown(code, transfer):
    return standard_range(np.full((2, 3, 3), round(code * 65535), np.uint16), transfer)[1, 2].tolist()


def pq(light):
    """Code of a light in cd/m², as BT.2100 writes it."""
    power = (np.asarray(light) / 10000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def display(light):
    """8-bit code with which a display of BT.1886, whose white is 203 cd/m², gives a light."""
    return 255 * (np.asarray(light) / 203) ** (1 / 2.4)


@pytest.mark.parametrize("light", [0.5, 2, 10, 40, 90])
def test_light_below_half_of_white_stays_as_it_is(light):
    assert shown(pq(light), "pq") == pytest.approx([display(light)] * 3, abs=0.6)


def test_highlights_are_rolled_off_and_white_paper_is_near_white():
    codes = [shown(pq(light), "pq")[0] for light in (100, 203, 400, 700, 1000, 4000, 10000)]
    assert codes == sorted(codes)
    assert 225 < codes[1] < 240
    assert codes[1] < codes[2] < codes[3]
    assert codes[4:] == [255, 255, 255]
    assert abs(codes[0] - display(100)) < 2
    assert shown(0.58, "pq") == pytest.approx(shown(0.75, "hlg"), abs=1)


def test_hlg_is_shown_with_the_gamma_of_a_display_of_1000_candela():
    """Half the code is a twelfth of the light of the scene, which is shown as 1000 * (1/12) ** 1.2 = 50.7 cd/m²."""
    assert shown(0.5, "hlg") == pytest.approx([display(1000 / 12**1.2)] * 3, abs=0.6)
    assert shown(0, "hlg") == shown(0, "pq") == [0, 0, 0]
    assert shown(1, "hlg") == shown(1, "pq") == [255, 255, 255]


def test_colours_are_those_of_the_standard_primaries():
    for colour in np.eye(3):
        light = 80 * TO_BT2020 @ colour
        code = np.round(pq(light) * 65535).astype(np.uint16)
        found = standard_range(code[None, None], "pq")[0, 0].astype(float)
        assert found == pytest.approx(display(80) * colour, abs=14)  # 4 digits of the matrix, encoded near black
        assert found.argmax() == colour.argmax()


def test_highlights_keep_their_hue():
    """The largest colour is rolled off, and the others by the same factor: an orange stays orange."""
    light = 900 * TO_BT2020 @ [1, 0.25, 0.05]
    red, green, blue = standard_range(np.round(pq(light) * 65535).astype(np.uint16)[None, None], "pq")[0, 0] / 255
    assert (green / red) ** 2.4 == pytest.approx(0.25, abs=0.02)
    assert (blue / red) ** 2.4 == pytest.approx(0.05, abs=0.02)


@pytest.mark.parametrize(("transfer", "code", "expected"), [("smpte2084", 0.44, 142), ("arib-std-b67", 0.5, 143)])
def test_a_ten_bit_file_is_turned_into_the_standard_range(tmp_path, transfer, code, expected):
    """Grey of a known level; taken for ordinary video it would come out as 44 or 50 % of 255, washed out."""
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        parameters = f"log-level=none:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc:pools=1"
        stream = container.add_stream("libx265", rate=25, options={"preset": "ultrafast", "x265-params": parameters})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p10le"
        for number in range(3):
            planes = np.full((96, 64), 512, np.uint16)  # neutral colour
            planes[:64] = round(64 + 876 * code)
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p10le")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    frames = read_frames(path)
    assert frames.shape == (3, 64, 64, 3)
    assert frames.dtype == np.uint8
    assert np.abs(frames.astype(int) - expected).max() <= 2
    assert (probe_clip(path).status, probe_clip(path).n_frames) == ("ok", 3)


@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
def test_side_data_of_an_unknown_kind_leaves_the_rotation(tmp_path, monkeypatch, degrees):
    """PyAV cannot list the side data of such a frame, but still says how it is turned."""

    def unlisted(frame):
        raise ValueError("31 is not a valid Type")

    with av.open(str(write_video(tmp_path / "a.mp4", n=1, turn={"degrees": degrees}))) as container:
        frame = next(container.decode(video=0))
    listed = display_matrix(frame)
    monkeypatch.setattr("dance_core.video.orientation.SideDataContainer", unlisted)
    assert display_matrix(frame) == listed
    assert display_matrix(frame) in QUARTER_TURNS
