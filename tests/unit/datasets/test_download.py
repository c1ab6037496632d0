"""A download asks for the terms, fetches what is missing, checks it, and unpacks it into the official layout."""

import hashlib
import io
import json
import logging
import re
import zipfile
from collections import namedtuple

import pytest
import yaml

from dance_core.datasets import READERS
from dance_core.datasets import download as module
from dance_core.datasets.download import SOURCES, data_sources, download
from dance_core.datasets.transfer import Patience

SOON = Patience(timeout_s=5, attempts=2, pause_s=0)
Disk = namedtuple("Disk", "total used free")


def zip_of(members):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return content.getvalue()


WALKING = zip_of({"person01_walking_d1_uncomp.avi": "walk"})


@pytest.fixture
def kth(site, tmp_path, monkeypatch):
    """A data set of one archive and one list on the test's own server; gives its entry in the file of sources."""
    site.files |= {"/walking.zip": WALKING, "/00sequences.txt": b"frames"}
    entry = {
        "title": "KTH",
        "page": "https://example.org/kth",
        "terms": "For research.",
        "unpacked": 2000,
        "files": [
            {"name": "00sequences.txt", "urls": [site.url("/00sequences.txt")], "size": 6, "into": "."},
            {"name": "walking.zip", "urls": [site.url("/walking.zip")], "size": 200, "into": "walking"},
        ],
    }
    path = tmp_path / "sources.yaml"
    monkeypatch.setattr(module, "SOURCES", path)

    def write():
        path.write_text(yaml.safe_dump({"kth": entry}))

    write()
    entry["write"] = write
    return entry


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "data"
    path.mkdir()
    return path


def sha256(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def change(kth, **fields):
    write = kth.pop("write")
    kth["files"][1] |= fields
    write()


def test_a_data_set_is_fetched_unpacked_and_written_down(site, kth, folder, caplog):
    with caplog.at_level(logging.INFO):
        report = download("kth", folder, "kth", SOON)
    assert (folder / "walking" / "person01_walking_d1_uncomp.avi").read_text() == "walk"
    assert (folder / "00sequences.txt").read_bytes() == b"frames"
    assert report == {
        "00sequences.txt": {
            "url": site.url("/00sequences.txt"),
            "size": 6,
            "digest": sha256(b"frames"),
            "content": ["00sequences.txt"],
        },
        "walking.zip": {
            "url": site.url("/walking.zip"),
            "size": len(WALKING),
            "digest": sha256(WALKING),
            "content": ["walking/person01_walking_d1_uncomp.avi"],
        },
    }
    assert json.loads((folder / "download.lock.json").read_text()) == report
    assert "KTH: For research." in caplog.text


def test_what_is_whole_is_never_fetched_again_even_without_its_archive(site, kth, folder):
    first = download("kth", folder, "kth", SOON)
    (folder / "archives" / "walking.zip").unlink()
    site.asked.clear()
    assert download("kth", folder, "kth", SOON) == first
    assert site.asked == []


def test_what_was_deleted_is_unpacked_from_the_archive_that_is_there(site, kth, folder):
    download("kth", folder, "kth", SOON)
    video = folder / "walking" / "person01_walking_d1_uncomp.avi"
    video.unlink()
    site.asked.clear()
    download("kth", folder, "kth", SOON)
    assert video.read_text() == "walk"
    assert site.asked == []


def test_an_archive_that_was_put_there_by_hand_is_taken(site, kth, folder):
    (folder / "archives").mkdir()
    (folder / "archives" / "walking.zip").write_bytes(WALKING)
    download("kth", folder, "kth", SOON)
    assert [path for path, _ in site.asked] == ["/00sequences.txt"]


def test_a_published_digest_is_checked_before_anything_is_unpacked(kth, folder):
    other = hashlib.sha1(b"other").hexdigest()
    change(kth, digest=f"sha1:{other}")
    with pytest.raises(ValueError) as error:
        download("kth", folder, "kth", SOON)
    found = hashlib.sha1(WALKING).hexdigest()
    assert str(error.value) == (
        f"'{folder}/archives/walking.zip' has sha1:{found[:12]}… but sha1:{other[:12]}… is expected, as published; "
        "delete the file and run again, or get it from another place and put it there"
    )
    assert not (folder / "walking").exists()


def test_the_right_published_digest_passes(kth, folder):
    change(kth, digest="sha1:" + hashlib.sha1(WALKING).hexdigest())
    assert download("kth", folder, "kth", SOON)["walking.zip"]["digest"].startswith("sha1:")


def test_an_unpublished_digest_is_the_one_of_the_first_download(site, kth, folder):
    download("kth", folder, "kth", SOON)
    (folder / "archives" / "walking.zip").unlink()
    (folder / "walking" / "person01_walking_d1_uncomp.avi").unlink()
    site.files["/walking.zip"] = zip_of({"person01_walking_d1_uncomp.avi": "run"})
    with pytest.raises(ValueError) as error:
        download("kth", folder, "kth", SOON)
    assert f"but {sha256(WALKING)[:19]}… is expected, as the first download of it had (download.lock.json); " in str(
        error.value
    )


def test_a_cut_download_is_continued_by_the_next_run(site, kth, folder):
    site.cuts["/walking.zip"] = [50, 0]
    with pytest.raises(ValueError, match=r"'walking.zip' cannot be downloaded"):
        download("kth", folder, "kth", SOON)
    assert not (folder / "walking").exists()
    site.asked.clear()
    download("kth", folder, "kth", SOON)
    assert site.asked == [("/walking.zip", "bytes=50-")]


def test_without_acceptance_the_terms_are_shown_and_nothing_is_asked_for(site, kth, folder):
    for accepted in ("", "ucf101"):
        with pytest.raises(ValueError) as error:
            download("kth", folder, accepted, SOON)
        assert str(error.value) == (
            "KTH comes under these terms: For research. See https://example.org/kth. To accept them and download "
            f"0.0 GB into '{folder}', add accept_terms=kth to --config"
        )
    assert site.asked == []


@pytest.mark.parametrize(("name", "place"), [("haa", "Google Drive"), ("ssv2", "account"), ("kinetics", "annotations")])
def test_a_data_set_without_a_plain_address_gives_instructions(folder, name, place):
    with pytest.raises(ValueError, match=rf"has to be fetched by hand\. .*{place}.* Page: https://.* Terms: "):
        download(name, folder, name)


def test_an_unknown_data_set_is_refused(folder):
    with pytest.raises(
        ValueError, match=r"data set 'ucf_101' is unknown \(did you mean 'ucf101'\?\); use one of kth, "
    ):
        download("ucf_101", folder, "ucf_101")


def test_a_folder_that_is_absent_is_refused(kth, folder):
    with pytest.raises(ValueError, match="is not a folder; make it, on a disk that has the space"):
        download("kth", folder / "absent", "kth", SOON)


def test_a_folder_of_another_data_set_is_refused(kth, folder):
    (folder / "manifest.csv").write_text("clip_id,path,label\n")
    with pytest.raises(ValueError, match=r"holds a manifest.csv, so it belongs to another data set; set source to a"):
        download("kth", folder, "kth", SOON)


def test_a_full_disk_is_noticed_before_anything_is_fetched(site, kth, folder, monkeypatch):
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: Disk(10, 0, 2205))
    with pytest.raises(ValueError) as error:
        download("kth", folder, "kth", SOON)
    assert str(error.value) == (
        f"source '{folder}' has 0.0 GB of free space but 0.0 GB are needed (0.0 GB to download, the rest to unpack); "
        "set source to a folder on a larger disk"
    )
    assert site.asked == []
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: Disk(10, 0, 2206))  # 6 + 200 bytes, and 2000 unpacked
    download("kth", folder, "kth", SOON)


def test_what_has_come_already_needs_no_space(kth, folder, monkeypatch):
    (folder / "archives").mkdir()
    (folder / "archives" / "walking.zip.part").write_bytes(b"0" * 150)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: Disk(10, 0, 2056))
    download("kth", folder, "kth", SOON)


def test_a_rar_that_cannot_be_read_is_not_fetched(site, kth, folder, monkeypatch, tmp_path):
    change(kth, name="walking.rar")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match=r"'walking.rar' is a rar archive, and no program that reads one is here"):
        download("kth", folder, "kth", SOON)
    assert site.asked == []


def test_a_damaged_lock_is_named(kth, folder):
    (folder / "download.lock.json").write_text("{")
    with pytest.raises(ValueError, match=r"download.lock.json: not a JSON document .*; delete it, the archives are"):
        download("kth", folder, "kth", SOON)


def test_every_reader_has_a_source_with_terms_and_either_files_or_instructions():
    sources = data_sources()
    assert sorted(sources) == sorted(READERS)
    for name, source in sources.items():
        assert source.terms, name
        assert source.page.startswith("https://"), name
        assert bool(source.files) != bool(source.instructions), name
        assert not source.files or source.unpacked > 0, name
    assert SOURCES.is_file()


def test_the_files_of_the_sources_are_well_formed():
    lengths = {"sha1": 40, "sha256": 64}
    for source in data_sources().values():
        for file in source.files:
            assert file.size > 0
            assert all(url.startswith(("https://", "http://")) for url in file.urls)
            if file.digest:
                algorithm, _, digest = file.digest.partition(":")
                assert len(digest) == lengths[algorithm]
                assert int(digest, 16) >= 0


def test_the_zip_of_ucf101_lands_where_its_reader_looks():
    rename = next(file.rename for file in data_sources()["ucf101"].files if file.rename)
    found = re.fullmatch(rename.pattern, "UCF101/v_HandstandPushups_g01_c04.avi")
    assert found.expand(rename.to) == "HandstandPushups/v_HandstandPushups_g01_c04.avi"
