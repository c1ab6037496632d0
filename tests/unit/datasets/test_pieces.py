"""Tables of pieces of YouTube videos, as people save them, and files in whatever folders."""

import pytest

from dance_core.datasets.pieces import listed_pieces, videos_below
from tests.unit.datasets.layouts import write_text

HEAD = "label,youtube_id,time_start,time_end\n"


def pieces(path, text, encoding="utf-8"):
    return list(listed_pieces(write_text(path / "list.csv", text, encoding)))


def test_a_line_is_a_piece(tmp_path):
    [(place, piece)] = pieces(tmp_path, HEAD + '"shooting goal, soccer",-a_B456,7,17\n')
    assert place == f"{tmp_path}/list.csv line 2"
    assert piece == ("shooting goal, soccer", "-a_B456", 7, 17)
    assert piece.name == "-a_B456_000007_000017"


def test_the_table_may_come_from_a_spreadsheet(tmp_path):
    text = "\ufeffsplit,Time_End, time_start,youtube_id,label,,\r\ntrain,17,7, abc ,run,,\r\n\r\n"
    assert [piece for _, piece in pieces(tmp_path, text)] == [("run", "abc", 7, 17)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", " line 1: column 'label' is absent, the header has nothing; take the official list with its labels"),
        (
            "label;time\n",
            " line 1: column 'label' is absent, the header has label;time; take the official list with its labels",
        ),
        (HEAD[:-1] + ",label\n", " line 1: there are two columns 'label'; rename or delete one"),
        (HEAD + "run,abc,1\n", " line 2: time_end is empty; fill it in or delete the line"),
        (HEAD + "run,abc,0.5,3\n", " line 2: times '0.5' and '3' are not whole seconds; take the official list"),
        (
            HEAD + "run,#NAME?,0,3\n",
            " line 2: youtube_id '#NAME?' has signs other than letters, digits, '-' and '_' (a spreadsheet may have "
            "changed it); take the official list",
        ),
        (
            HEAD + 'run,abc,0,3\n"run,abc,1,4\nrun,abc,2,5\n',
            ": what comes after line 2 cannot be read (unexpected end of data); a value that holds a double quote has "
            "to stand between double quotes, and the quote in it twice",
        ),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path, text, sentence):
    with pytest.raises(ValueError) as error:
        pieces(tmp_path, text)
    assert str(error.value) == f"{tmp_path}/list.csv{sentence}"


def test_another_encoding_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"list\.csv: byte 40 is not UTF-8; save the file as CSV UTF-8$"):
        pieces(tmp_path, HEAD + "caf\xe9,abc,0,3\n", "latin-1")


def test_videos_are_found_in_all_folders_and_behind_links(tmp_path):
    for name in ("source/b/x_1.mp4", "source/a/x_1.MKV", "source/.cache/z.mp4", "source/._y.mp4", "other/deep/y.webm"):
        write_text(tmp_path / name, "")
    (tmp_path / "source" / "linked").symlink_to(tmp_path / "other")
    assert videos_below(tmp_path / "source") == {"x_1": "a/x_1.MKV", "y": "linked/deep/y.webm"}
