"""Archives are unpacked whole and inside their folder, or not at all."""

import io
import stat
import sys
import tarfile
import zipfile

import pytest

from dance_core.datasets import archives
from dance_core.datasets.archives import Renaming, is_archive, refuse_unreadable, unpack


def zipped(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tarred(path, members, link=None):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        if link:
            member = tarfile.TarInfo(link[0])
            member.type, member.linkname = tarfile.SYMTYPE, link[1]
            archive.addfile(member)
    return path


def files_of(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def rar_program(tmp_path, monkeypatch):
    """Stands for a program that reads rar: writes down how it was called and unpacks what a test says."""

    def install(name, code):
        folder = tmp_path / "programs"
        folder.mkdir(exist_ok=True)
        program = folder / name
        program.write_text(f"#!{sys.executable}\nimport sys, os\nfrom pathlib import Path\n{code}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))

    return install


def test_zip_and_tar_are_unpacked_and_their_top_is_named(tmp_path):
    members = {"UCF/a/1.avi": b"1", "UCF/2.avi": b"2", "read me.txt": b"3"}
    for archive in (zipped(tmp_path / "a.zip", members), tarred(tmp_path / "a.tar.gz", members)):
        folder = tmp_path / f"from {archive.suffix}"
        assert unpack(archive, folder) == ["UCF", "read me.txt"]
        assert files_of(folder) == ["UCF/2.avi", "UCF/a/1.avi", "read me.txt"]


def test_a_file_that_is_no_archive_is_copied(tmp_path):
    (tmp_path / "00sequences.txt").write_bytes(b"frames")
    assert unpack(tmp_path / "00sequences.txt", tmp_path / "kth") == ["00sequences.txt"]
    assert (tmp_path / "kth" / "00sequences.txt").read_bytes() == b"frames"
    assert not is_archive("00sequences.txt")


def test_members_are_put_where_the_official_layout_has_them(tmp_path):
    archive = zipped(tmp_path / "a.zip", {"UCF101/v_YoYo_g01_c02.avi": b"1", "UCF101/note.txt": b"2"})
    renaming = Renaming(r"(?:.*/)?(v_([A-Za-z]+)_g\d+_c\d+\.avi)", r"\2/\1")
    assert unpack(archive, tmp_path / "UCF-101", renaming) == ["UCF101", "YoYo"]
    assert files_of(tmp_path / "UCF-101") == ["UCF101/note.txt", "YoYo/v_YoYo_g01_c02.avi"]


def test_archives_in_an_archive_are_unpacked_beside_themselves(tmp_path):
    inner = zipped(tmp_path / "inner.zip", {"brush_hair/a.avi": b"1"}).read_bytes()
    archive = zipped(tmp_path / "outer.zip", {"brush_hair.zip": inner})
    assert unpack(archive, tmp_path / "kept") == ["brush_hair.zip"]
    assert unpack(archive, tmp_path / "hmdb", nested=True) == ["brush_hair"]
    assert files_of(tmp_path / "hmdb") == ["brush_hair/a.avi"]


def test_what_was_there_is_replaced_and_what_is_beside_it_stays(tmp_path):
    folder = tmp_path / "kth"
    folder.mkdir()
    (folder / "a.avi").write_bytes(b"old")
    (folder / "mine.avi").write_bytes(b"mine")
    unpack(zipped(tmp_path / "a.zip", {"a.avi": b"new"}), folder)
    assert (folder / "a.avi").read_bytes() == b"new"
    assert (folder / "mine.avi").read_bytes() == b"mine"


@pytest.mark.parametrize("member", ["../outside.txt", "/outside.txt", "a/../../outside.txt", "..\\outside.txt", "C:/x"])
def test_a_zip_that_leads_out_of_its_folder_is_refused(tmp_path, member):
    archive = zipped(tmp_path / "a.zip", {"a.avi": b"1", member: b"evil"})
    with pytest.raises(ValueError) as error:
        unpack(archive, tmp_path / "in" / "kth")
    assert str(error.value) == (
        f"{archive}: member '{member}' is a link or leads out of its folder; the archive is not to be trusted, "
        "get it anew"
    )
    assert files_of(tmp_path) == ["a.zip"]


def test_a_zip_with_a_link_is_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc")
    with pytest.raises(ValueError, match="member 'link' is a link or leads out of its folder"):
        unpack(tmp_path / "a.zip", tmp_path / "kth")


@pytest.mark.parametrize("member", ["../outside.txt", "a/../../outside.txt"])
def test_a_tar_that_leads_out_of_its_folder_is_refused(tmp_path, member):
    archive = tarred(tmp_path / "a.tar.gz", {member: b"evil"})
    with pytest.raises(ValueError, match="outside the destination; the archive is not to be trusted, get it anew"):
        unpack(archive, tmp_path / "in" / "kth")
    assert files_of(tmp_path) == ["a.tar.gz"]


def test_links_in_a_tar_are_refused(tmp_path):
    outside = tarred(tmp_path / "a.tar.gz", {}, link=("link", "../../outside"))
    with pytest.raises(ValueError, match="not to be trusted"):
        unpack(outside, tmp_path / "kth")
    inside = tarred(tmp_path / "b.tar.gz", {"a.avi": b"1"}, link=("link", "a.avi"))
    with pytest.raises(ValueError, match="member 'link' is a link"):
        unpack(inside, tmp_path / "kth")


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
def test_a_damaged_archive_leaves_nothing_behind(tmp_path, name):
    good = (zipped if name == "a.zip" else tarred)(tmp_path / name, {"a.avi": bytes(range(256)) * 400})
    good.write_bytes(good.read_bytes()[:-200])
    with pytest.raises(ValueError, match=r"a\.(zip|tar\.gz): cannot be unpacked \(.+\); delete it and run again"):
        unpack(good, tmp_path / "kth")
    assert files_of(tmp_path / "kth") == []


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_a_tar_with_other_bytes_in_the_middle_is_refused(tmp_path, kind):
    plain = bytes(range(256)) * 400
    path = tmp_path / f"a.tar.{kind}"
    with tarfile.open(path, f"w:{kind}") as archive:
        for number in range(20):
            member = tarfile.TarInfo(f"{number}.avi")
            member.size = len(plain)
            archive.addfile(member, io.BytesIO(plain[number:] + plain[:number]))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 8] = bytes(8)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.tar\.\w+: cannot be unpacked \(.+\); delete it and run again"):
        unpack(path, tmp_path / "kth")
    assert files_of(tmp_path / "kth") == []


def test_a_zip_with_a_password_is_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.avi": b"1"})
    content = bytearray(path.read_bytes())
    content[6] |= 1  # the flag of encryption, beside the member and in the directory at the end
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.zip: cannot be unpacked \(.*encrypted.*\); delete it and run again"):
        unpack(path, tmp_path / "kth")


def test_an_empty_archive_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"a.zip: there is no file in it; delete it and run again"):
        unpack(zipped(tmp_path / "a.zip", {}), tmp_path / "kth")


def test_rar_needs_a_program_and_says_which(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    refuse_unreadable(["a.zip"])
    with pytest.raises(ValueError) as error:
        refuse_unreadable(["a.zip", "hmdb51_org.rar"])
    assert str(error.value) == (
        "'hmdb51_org.rar' is a rar archive, and no program that reads one is here; install one of unrar, unar, 7zz, "
        "7z, bsdtar (bsdtar is in the package libarchive-tools or libarchive) and run again"
    )


@pytest.mark.parametrize("program", archives.RAR_PROGRAMS)
def test_every_rar_program_is_given_the_archive_and_the_folder(tmp_path, rar_program, program):
    (tmp_path / "a b.rar").write_bytes(b"rar")
    rar_program(
        program,
        "assert any(a.endswith('a b.rar') and Path(a).is_file() for a in sys.argv)\n"
        "folder = next(Path(a.removeprefix('-o')) for a in sys.argv if Path(a.removeprefix('-o')).is_dir())\n"
        "(folder / 'a.avi').write_text('1')",
    )
    assert unpack(tmp_path / "a b.rar", tmp_path / "h m") == ["a.avi"]
    assert files_of(tmp_path / "h m") == ["a.avi"]


def test_the_next_program_is_tried_where_one_cannot_read_a_rar(tmp_path, rar_program):
    (tmp_path / "a.rar").write_bytes(b"rar")
    rar_program("unrar", "print('unknown method', file=sys.stderr); sys.exit(3)")
    with pytest.raises(ValueError) as error:
        unpack(tmp_path / "a.rar", tmp_path / "hmdb")
    assert str(error.value) == (
        f"{tmp_path}/a.rar: cannot be unpacked (unrar: unknown method); install unrar, or delete it and run again"
    )
    rar_program("bsdtar", "(Path(sys.argv[-1]) / 'a.avi').write_text('1')")
    assert unpack(tmp_path / "a.rar", tmp_path / "hmdb") == ["a.avi"]


def test_a_rar_whose_program_made_a_link_is_refused(tmp_path, rar_program):
    (tmp_path / "a.rar").write_bytes(b"rar")
    rar_program("unrar", "os.symlink('/etc', Path(sys.argv[-1]) / 'link')")
    with pytest.raises(ValueError, match="member 'link' is a link or leads out of its folder"):
        unpack(tmp_path / "a.rar", tmp_path / "hmdb")
