"""The commands explain and predict: files that stand alone, and a table in which no video is lost."""

import base64
import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from dance_core.__main__ import main
from dance_core.new_video import Explainer, explain_video, page
from dance_core.new_video.commands import Progress, file_names, listed_videos
from dance_core.report.inputs import ReportSettings
from dance_core.tables import read_json
from tests.unit.networks.real_weights import WEIGHTS, needs
from tests.unit.new_video.small_model import encoders, model
from tests.unit.poses.people import write_video
from tests.unit.report.test_pages import Page
from tests.unit.video.numbered_video import HEIGHT, WIDTH
from tests.unit.video.numbered_video import write_video as write_numbered
from tests.unit.video.test_difficult_videos import VIDEOS

__all__ = ["encoders"]

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(encoders, tmp_path):
    model().save(tmp_path / "model")
    (tmp_path / "clips" / "sub").mkdir(parents=True)
    write_video(tmp_path / "clips" / "five.mp4", 5)
    write_video(tmp_path / "clips" / "sub" / "seven.avi", 7)
    (tmp_path / "clips" / "broken.mp4").write_bytes(b"no video")
    return tmp_path


def test_explain_writes_two_files_for_each_video_and_goes_on_after_a_bad_one(folder, capsys):
    videos = [f"clips/{name}" for name in ("broken.mp4", "five.mp4", "sub/seven.avi")]
    assert main(["explain", "model", *videos, "--out", "out", "--top", "1"]) == 1
    assert sorted(file.name for file in (folder / "out").iterdir()) == [
        *("five.html", "five.json", "seven.html", "seven.json")
    ]
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].startswith("clips/broken.mp4: not explained: ")
    assert lines[1:3] == ["clips/five.mp4: box 59.3\u202f% (scene gym −2.50)", "  out/five.html"]
    assert said.err.splitlines()[-1] == "3 of 3: seven.avi"
    assert read_json(folder / "out" / "five.json")["logits"] == {"box": -0.75, "jog <b>": -1.125}


def test_explain_of_good_videos_ends_well(folder):
    assert main(["explain", "model", "clips/five.mp4", "--out", "out"]) == 0


def test_a_command_that_is_stopped_says_so_in_a_word(folder, monkeypatch, capsys):
    def stopped(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("dance_core.new_video.commands.explain_files", stopped)
    assert main(["explain", "model", "clips/five.mp4", "--out", "out"]) == 130
    assert capsys.readouterr().err == "stopped\n"


def test_what_is_no_model_folder_or_no_output_folder_is_said(folder, capsys):
    assert main(["explain", "clips", "clips/five.mp4", "--out", "out"]) == 1
    assert "clips: model.safetensors is absent" in capsys.readouterr().err
    assert main(["explain", "model", "clips/five.mp4", "--out", "clips/five.mp4"]) == 1
    assert "five.mp4: is a file, but a folder is needed" in capsys.readouterr().err
    assert main(["predict", "model", "clips", "--out", "clips"]) == 1
    assert "clips: is a folder, but a file is needed" in capsys.readouterr().err
    assert main(["explain", "model", "clips/five.mp4", "--out", "out", "--weights", "nowhere"]) == 1
    assert "run 'make weights'" in capsys.readouterr().err


def test_a_page_holds_all_that_it_shows(folder):
    found = Explainer(model()).explain(folder / "clips" / "five.mp4")
    page.write_page(found, model(), folder / "five.html")
    shown = Page(folder / "five.html")
    assert shown.open == []
    addresses = [value for _, tag in shown.tags for name, value in tag.items() if name in ("src", "href", "data-src")]
    assert [address for address in addresses if not address.startswith(("data:", "#"))] == []
    assert "@import" not in (folder / "five.html").read_text() and "url(" not in (folder / "five.html").read_text()
    assert shown.data["clip"]["label"] is None
    assert shown.data["clip"]["contributions"] == {"box": [[1, -2.5], [0, 1.5]]}
    assert [column["name"] for column in shown.data["model"]["columns"]] == ["arm </script>", "gym"]
    assert shown.data["model"]["families"] == ["motion", "scene"]
    assert shown.data["skeleton"]["frames"] == [0, 1, 2, 3, 4]
    assert shown.data["skeleton"]["points"][0][:2] == [320, 240]
    film = next(tag for name, tag in shown.tags if name == "video")
    with av.open(io.BytesIO(base64.b64decode(film["data-src"].partition(",")[2]))) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert len(list(container.decode(video=0))) == 5
    poster = base64.b64decode(film["poster"].partition(",")[2]).decode()
    assert 'viewBox="0 0 64 48"' in poster
    assert poster.count("<line ") == 14  # one for each bone
    assert '<image href="data:image/webp;base64,' in poster


def test_a_page_tells_what_the_video_shows_without_weight_and_what_to_doubt(folder, encoders):
    encoders[0].present = False
    found = Explainer(model()).explain(folder / "clips" / "five.mp4")
    page.write_page(found, model(), folder / "five.html")
    shown = Page(folder / "five.html")
    words = re.sub(r"\s+", " ", " ".join(shown.text))
    assert "lawn" in words and "+2.00" in words
    assert "fixed found no person in any of the 5 sampled frames" in words
    film = next(tag for name, tag in shown.tags if name == "video")
    assert "<line " not in base64.b64decode(film["poster"].partition(",")[2]).decode()


def test_a_large_video_lies_beside_its_page(folder, monkeypatch):
    monkeypatch.setattr(page, "LARGEST_EMBEDDED_VIDEO", 10)
    found = Explainer(model()).explain(folder / "clips" / "five.mp4")
    page.write_page(found, model(), folder / "out" / "five.html")
    film = next(tag for name, tag in Page(folder / "out" / "five.html").tags if name == "video")
    assert film["data-src"] == "five.mp4"
    with av.open(str(folder / "out" / "five.mp4")) as container:
        assert len(list(container.decode(video=0))) == 5
    assert ReportSettings().long_side == 480


def rows(file):
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_predict_writes_a_row_for_every_video_of_a_folder(folder, capsys):
    assert main(["predict", "model", "clips", "--out", "out/table.csv"]) == 1
    broken, five, seven = rows(folder / "out" / "table.csv")
    assert (broken["path"], broken["predicted"], five["path"], seven["path"]) == (
        *("broken.mp4", "", "five.mp4", "sub/seven.avi"),
    )
    assert broken["error"].endswith("give a video that can be played")
    assert (five["predicted"], five["frames"], five["seen"], five["error"]) == ("box", "5", "1.0", "")
    assert float(five["p(box)"]) + float(five["p(jog <b>)"]) == pytest.approx(1)
    assert float(five["p(box)"]) == float(five["probability"])
    assert capsys.readouterr().out.splitlines()[-1] == "out/table.csv: 2 of 3 videos predicted"


def test_predict_reads_a_csv_whose_paths_start_from_its_folder(folder):
    (folder / "clips" / "list.csv").write_text("\ufefflabel,path\nx,sub/seven.avi\n,\n", "utf-8")
    assert main(["predict", "model", "clips/list.csv", "--out", "table.csv"]) == 0
    assert [row["path"] for row in rows(folder / "table.csv")] == ["sub/seven.avi"]


def test_predict_does_not_write_over_what_it_reads(folder, capsys):
    (folder / "list.csv").write_text("path\nclips/five.mp4\n")
    assert main(["predict", "model", "list.csv", "--out", "list.csv"]) == 1
    assert "list.csv: is an input, which would be lost" in capsys.readouterr().err
    assert (folder / "list.csv").read_text() == "path\nclips/five.mp4\n"


def test_an_older_table_stays_where_the_encoders_cannot_run(folder, capsys):
    (folder / "table.csv").write_text("older\n")
    assert main(["predict", "model", "clips", "--out", "table.csv", "--weights", "nowhere"]) == 1
    assert "run 'make weights'" in capsys.readouterr().err
    assert (folder / "table.csv").read_text() == "older\n"


def test_sources_without_videos_are_refused(folder):
    (folder / "list.csv").write_text("file\nclips/five.mp4\n")
    with pytest.raises(ValueError, match=r"column 'path' is absent; it has \['file'\]"):
        listed_videos(folder / "list.csv")
    with pytest.raises(ValueError, match="no such file or folder"):
        listed_videos(folder / "absent.csv")
    (folder / "list.csv").write_bytes(b"path\n\xff\xfe.mp4\n")
    with pytest.raises(ValueError, match="not a csv file in UTF-8"):
        listed_videos(folder / "list.csv")
    (folder / "none").mkdir()
    (folder / "none" / ".hidden.mp4").touch()
    with pytest.raises(ValueError, match="no video is listed"):
        listed_videos(folder / "none")


def test_videos_of_one_name_get_files_of_their_own(tmp_path):
    names = file_names([tmp_path / name for name in ("a/clip.mp4", "b/clip.mp4", "clip-2.mp4", "c/clip.avi", "My.mp4")])
    assert names[:4] == ["clip", "clip-2", "clip-2-2", "clip-3"]
    assert re.fullmatch(r"my\.[0-9a-f]{8}", names[4])


def test_ranges_and_folders_of_pictures_are_named_after_themselves(tmp_path):
    (tmp_path / "kick").mkdir()
    (tmp_path / "clip.mp4").touch()
    paths = ("clip.mp4#frames=10-94", "clip.mp4#frames=3-", "clip.mp4#fps=30", "kick#fps=30", "clip.mp4#odd")
    assert file_names([tmp_path / name for name in paths]) == ["clip_10-94", "clip_3-end", "clip", "kick", "clip-2"]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_a_bar_on_a_terminal_and_lines_elsewhere():
    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        progress = Progress(4, stream)
        progress.show(2, "c.mp4")
        progress.clear()
    assert terminal.getvalue() == "\r\x1b[K[############------------] 3 of 4  c.mp4\r\x1b[K"
    assert file.getvalue() == "3 of 4: c.mp4\n"


def test_the_json_of_a_video_is_plain(folder):
    assert main(["explain", "model", "clips/five.mp4", "--out", "out"]) == 0
    document = json.loads((folder / "out" / "five.json").read_text("utf-8"))
    assert sorted(document) == [
        *("bias", "contributions", "logits", "predicted", "probabilities", "probability", "quality", "video"),
        "warnings",
    ]
    total = document["bias"] + sum(row["contribution"] for row in document["contributions"])
    assert total == pytest.approx(document["logits"][document["predicted"]])


def test_difficult_videos_are_explained_or_named_and_none_is_lost(folder, capsys):
    made = folder / "difficult"
    (made / "a").mkdir(parents=True)
    (made / "pictures").mkdir()
    for name, options in VIDEOS.items():
        if name != "large.mp4":
            write_numbered(made / name, **options)
    for n in range(1, 4):
        write_numbered(made / "a" / f"{n}.mp4", n=n, size=(WIDTH, HEIGHT))
        Image.new("RGB", (64, 48)).save(made / "pictures" / f"{n}.png")
    write_numbered(made / "a" / "portrait.mp4", n=2)
    (made / "empty.mp4").touch()
    (made / "text.mp4").write_text("no video" * 100)
    good = [made / name for name in VIDEOS if name != "large.mp4"]
    good += [*sorted((made / "a").iterdir()), made / "pictures", Path(f"{made}/fast.mp4#frames=10-30")]
    bad = {
        made / "empty.mp4": "the file is empty (0 bytes); give a video that can be played",
        made / "text.mp4": "not a video",
        made / "none.mp4": "there is no such file; give a video that can be played",
        made
        / "a": "the folder holds no picture (.jpg, .jpeg, .png); give a video that can be played, or the folder to",
    }
    mixed = [str(path) for path in (*list(bad)[:2], *good, *list(bad)[2:])]
    assert main(["explain", "model", *mixed, "--out", "out", "--batch-size", "4"]) == 1
    lines = capsys.readouterr().out.splitlines()
    for path, reason in bad.items():
        (line,) = (line for line in lines if line.startswith(f"{path}: "))
        assert "not explained: " in line and reason in line
    pages = [line.strip() for line in lines if line.startswith("  out/")]
    assert len(set(pages)) == len(good)
    assert {"out/portrait.html", "out/portrait-2.html", "out/fast_10-30.html", "out/pictures.html"} <= set(pages)
    documents = [read_json(folder / page.replace(".html", ".json")) for page in pages]
    assert [document["video"] for document in documents] == [str(path) for path in good]
    frames = {Path(document["video"]).name: document["quality"]["n_frames"] for document in documents}
    assert (frames["fast.mp4"], frames["fast.mp4#frames=10-30"], frames["pictures"], frames["1.mp4"]) == (48, 21, 3, 1)
    assert all(len(Page(folder / page).tags) > 10 for page in pages)


def test_a_page_that_cannot_be_written_is_the_error_of_its_video(folder, capsys, monkeypatch):
    def write(explanation, model, target):
        if target.stem == "five":
            raise OSError("no space left on device")
        target.touch()

    monkeypatch.setattr("dance_core.new_video.commands.write_page", write)
    assert main(["explain", "model", "clips/five.mp4", "clips/sub/seven.avi", "--out", "out"]) == 1
    assert capsys.readouterr().out.splitlines()[0] == (
        "clips/five.mp4: not explained: no space left on device; the other videos are not concerned"
    )
    assert (folder / "out" / "seven.html").exists()


def test_a_place_that_cannot_be_written_to_is_known_before_the_first_video(folder, capsys, monkeypatch):
    monkeypatch.setattr("dance_core.new_video.commands.explain_videos", None)
    (folder / "file").touch()
    assert main(["explain", "model", "clips/five.mp4", "--out", "file/out"]) == 1
    assert "file/out" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", ["0", "-1", "two", "1.5"])
def test_a_batch_holds_at_least_one_video(folder, capsys, wrong):
    with pytest.raises(SystemExit):
        main(["predict", "model", "clips", "--out", "out.csv", f"--batch-size={wrong}"])
    assert f"'{wrong}' is not a whole number of at least 1" in capsys.readouterr().err


@pytest.mark.parametrize("batch_size", ["1", "2", "5"])
def test_the_table_does_not_depend_on_the_batch(folder, batch_size):
    assert main(["predict", "model", "clips", "--out", "usual.csv"]) == 1
    assert main(["predict", "model", "clips", "--out", "batch.csv", "--batch-size", batch_size]) == 1
    assert (folder / "batch.csv").read_bytes() == (folder / "usual.csv").read_bytes()


@needs("blazepose")
@needs("efficientnet_lite0")
def test_the_model_folder_and_the_weights_are_enough_on_another_machine(tmp_path):
    for name in ("blazepose", "efficientnet_lite0"):
        shutil.copytree(WEIGHTS / name, tmp_path / "weights" / name)
    shutil.copytree(ROOT / "dance_core", tmp_path / "software" / "dance_core")
    shutil.copy(ROOT / "data" / "demo" / "boxing" / "boxing_p17.mp4", tmp_path / "clip.mp4")
    seen = replace(
        model(),
        feature_mean=np.zeros(5120),
        feature_std=np.ones(5120),
        concept_weight=np.random.default_rng(0).normal(size=(3, 5120)) / 70,
    )
    seen.save(tmp_path / "model")
    (tmp_path / "elsewhere").mkdir()
    options = {"cwd": tmp_path / "elsewhere", "env": {**os.environ, "PYTHONPATH": str(tmp_path / "software")}}
    words = ["explain", "../model", "../clip.mp4", "--out", "out", "--weights", "../weights"]
    done = subprocess.run([sys.executable, "-m", "dance_core", *words], **options, capture_output=True, text=True)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "  out/clip.html"), done.stderr
    found = read_json(tmp_path / "elsewhere" / "out" / "clip.json")
    expected = explain_video(seen, ROOT / "data" / "demo" / "boxing" / "boxing_p17.mp4", WEIGHTS)
    assert list(found["logits"].values()) == pytest.approx(expected.logits.tolist(), abs=1e-4)
