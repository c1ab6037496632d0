"""Downloads against a server on this machine: continued, restarted, given up, never silently wrong."""

import random
import socket
from urllib.error import URLError

import pytest

from dance_core.datasets import transfer
from dance_core.datasets.transfer import Patience, digest_of, fetch

CONTENT = random.Random(0).randbytes(100_000)
SOON = Patience(timeout_s=5, attempts=3, pause_s=0)


@pytest.fixture
def target(site, tmp_path):
    site.files["/a.zip"] = CONTENT
    return tmp_path / "archives" / "a.zip"


def left_over(target):
    return sorted(path.name for path in target.parent.iterdir())


def test_a_file_is_fetched_in_one_request_and_nothing_else_is_left(site, target):
    fetch([site.url("/a.zip")], target, SOON)
    assert target.read_bytes() == CONTENT
    assert site.asked == [("/a.zip", None)]
    assert left_over(target) == ["a.zip"]


def test_cut_connections_are_continued_where_they_broke_off(site, target):
    site.cuts["/a.zip"] = [30_000, 50_000]
    fetch([site.url("/a.zip")], target, SOON)
    assert target.read_bytes() == CONTENT
    assert site.asked == [("/a.zip", None), ("/a.zip", "bytes=30000-"), ("/a.zip", "bytes=80000-")]


def test_a_later_run_continues_what_an_earlier_one_left(site, target):
    site.cuts["/a.zip"] = [40_000]
    with pytest.raises(ValueError):
        fetch([site.url("/a.zip")], target, Patience(timeout_s=5, attempts=1, pause_s=0))
    assert not target.exists()
    assert left_over(target) == ["a.zip.part", "a.zip.part.json"]
    fetch([site.url("/a.zip")], target, SOON)
    assert target.read_bytes() == CONTENT
    assert site.asked[-1] == ("/a.zip", "bytes=40000-")


def test_a_part_of_another_version_is_thrown_away(site, target):
    site.cuts["/a.zip"] = [40_000]
    with pytest.raises(ValueError):
        fetch([site.url("/a.zip")], target, Patience(timeout_s=5, attempts=1, pause_s=0))
    site.version, site.files["/a.zip"] = '"2"', CONTENT[::-1]
    fetch([site.url("/a.zip")], target, SOON)
    assert target.read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize("version", [None, 'W/"1"'])
def test_without_a_proof_that_the_version_is_the_same_a_file_starts_anew(site, target, version):
    site.version, site.cuts["/a.zip"] = version, [30_000]
    fetch([site.url("/a.zip")], target, SOON)
    assert target.read_bytes() == CONTENT
    assert site.asked == [("/a.zip", None), ("/a.zip", None)]


def test_a_server_that_serves_no_parts_is_read_from_the_start(site, target):
    site.ranges, site.cuts["/a.zip"] = False, [30_000]
    fetch([site.url("/a.zip")], target, SOON)
    assert target.read_bytes() == CONTENT
    assert site.asked == [("/a.zip", None), ("/a.zip", "bytes=30000-")]


def test_a_part_that_is_the_whole_file_is_taken(site, target):
    target.parent.mkdir()
    target.with_name("a.zip.part").write_bytes(CONTENT)
    target.with_name("a.zip.part.json").write_text(f'{{"url": "{site.url("/a.zip")}", "version": "\\"1\\""}}')
    fetch([site.url("/a.zip")], target, SOON)
    assert target.read_bytes() == CONTENT
    assert site.asked == [("/a.zip", "bytes=100000-")]


def test_a_part_that_is_longer_than_the_file_is_thrown_away(site, target):
    target.parent.mkdir()
    target.with_name("a.zip.part").write_bytes(CONTENT + b"more")
    target.with_name("a.zip.part.json").write_text(f'{{"url": "{site.url("/a.zip")}", "version": "\\"1\\""}}')
    fetch([site.url("/a.zip")], target, SOON)
    assert target.read_bytes() == CONTENT


def test_a_busy_server_is_asked_again(site, target):
    site.codes["/a.zip"] = [503, 429]
    fetch([site.url("/a.zip")], target, SOON)
    assert target.read_bytes() == CONTENT


def test_the_next_address_is_tried_where_one_has_no_such_file(site, target):
    fetch([site.url("/gone.zip"), site.url("/a.zip")], target, SOON)
    assert target.read_bytes() == CONTENT
    assert [path for path, _ in site.asked] == ["/gone.zip", "/a.zip"]


def test_an_absent_file_is_asked_for_once_and_named(site, target):
    with pytest.raises(ValueError) as error:
        fetch([site.url("/gone.zip")], target, SOON)
    assert str(error.value) == (
        f"'a.zip' cannot be downloaded ({site.url('/gone.zip')}: the server answers 404 Not Found); run again later to "
        f"continue, or get the file by other means and put it at '{target}'"
    )
    assert len(site.asked) == 1


def test_a_server_that_keeps_breaking_off_is_given_up(site, target):
    site.cuts["/a.zip"] = [1000, 0, 0, 0]
    with pytest.raises(ValueError, match="the connection ended after 1000 of 100000 bytes"):
        fetch([site.url("/a.zip")], target, SOON)
    assert len(site.asked) == 3


def test_a_server_that_is_not_there_is_given_up(target):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ValueError, match=r"'a.zip' cannot be downloaded .*refused"):
        fetch([f"http://127.0.0.1:{port}/a.zip"], target, SOON)


def test_an_invalid_certificate_is_not_retried_and_never_ignored(target, monkeypatch):
    calls = []

    def refuse(*_, **__):
        calls.append(1)
        raise URLError(transfer.ssl.SSLCertVerificationError(1, "self-signed certificate"))

    monkeypatch.setattr(transfer.urllib.request, "urlopen", refuse)
    with pytest.raises(ValueError, match=r"the certificate of the server is not valid here: .*self-signed"):
        fetch(["https://example.org/a.zip"], target, SOON)
    assert len(calls) == 1


def test_digests_are_those_of_the_standard(tmp_path):
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    assert digest_of(path, "sha1") == "a9993e364706816aba3e25717850c26c9cd0d89d"
    assert digest_of(path, "sha256") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
