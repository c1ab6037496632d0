"""Archives of data sets, unpacked so that nothing can land outside their folder and nothing half done stays."""

import logging
import lzma
import re
import shutil
import stat
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

# Programs that read rar, the surest first, as they are called to unpack one archive into one folder.
RAR_PROGRAMS = {
    "unrar": ("unrar", "x", "-o+", "-inul", "-p-", "{archive}", "{folder}/"),
    "unar": ("unar", "-quiet", "-force-overwrite", "-no-directory", "-output-directory", "{folder}", "{archive}"),
    "7zz": ("7zz", "x", "-y", "-bd", "-o{folder}", "{archive}"),
    "7z": ("7z", "x", "-y", "-bd", "-o{folder}", "{archive}"),
    "bsdtar": ("bsdtar", "-x", "-f", "{archive}", "-C", "{folder}"),
}
_BLOCK = 1 << 20
_TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
# What the readers raise on a damaged archive; RuntimeError: it has a password, or is packed in a way unknown here.
_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Renaming:
    """Where members of an archive go that the official layout has elsewhere.

    Attributes:
        pattern: Regular expression of the whole path of a member; other members keep their path.
        to: What the path becomes, with the groups of the pattern.
    """

    pattern: str
    to: str


def is_archive(name: str) -> bool:
    """Tell by its name whether a file is unpacked, or else put in place as it is."""
    return name.lower().endswith((".zip", ".rar", *_TAR))


def refuse_unreadable(names: Iterable[str]) -> None:
    """Make sure that archives can be read, before hours are spent on their download.

    Args:
        names: Names of archives.

    Raises:
        ValueError: One is a rar, and no program is here that reads it.
    """
    rars = [name for name in names if name.lower().endswith(".rar")]
    if rars and not any(shutil.which(program) for program in RAR_PROGRAMS):
        raise ValueError(
            f"'{rars[0]}' is a rar archive, and no program that reads one is here; install one of "
            f"{', '.join(RAR_PROGRAMS)} (bsdtar is in the package libarchive-tools or libarchive) and run again"
        )


def unpack(archive: Path, folder: Path, renaming: Renaming | None = None, nested: bool = False) -> list[str]:
    """Unpack an archive, or copy a file that is none.

    All of it is unpacked beside the folder first and moved in at the end, so that a half unpacked archive leaves
    nothing behind. Files that are already there are replaced.

    Args:
        archive: A zip, tar or rar, or any other file.
        folder: Where its members go; it is made.
        renaming: Members that go elsewhere.
        nested: Whether archives inside the archive are unpacked too, and not kept.

    Returns:
        Sorted names of what now lies in the folder from it, one level deep.

    Raises:
        ValueError: The archive is damaged, cannot be read here, or has a member outside its folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stage = folder / f".unpacking-{archive.name}"
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir()
    try:
        _unpack_one(archive, stage)
        while nested and (inner := sorted(path for path in stage.rglob("*") if is_archive(path.name))):
            for path in inner:
                _unpack_one(path, path.parent)
                path.unlink()
        return _move(stage, folder, renaming, archive)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _unpack_one(archive: Path, folder: Path) -> None:
    """Unpack one archive by the reader of its kind."""
    name = archive.name.lower()
    try:
        if name.endswith(".zip"):
            _unpack_zip(archive, folder)
        elif name.endswith(_TAR):
            with tarfile.open(archive) as content:
                content.extractall(folder, filter="data")
                while content.fileobj and content.fileobj.read(_BLOCK):
                    pass  # the checksum of the whole is compared at its end only
        elif name.endswith(".rar"):
            _unpack_rar(archive, folder)
        else:
            shutil.copyfile(archive, folder / archive.name)
    except tarfile.FilterError as error:
        raise ValueError(f"{archive}: {error}; the archive is not to be trusted, get it anew") from error
    except _DAMAGE as error:
        raise ValueError(f"{archive}: cannot be unpacked ({error}); delete it and run again") from error


def _unpack_zip(archive: Path, folder: Path) -> None:
    """Unpack a zip; Python itself would only strip what leads outside, and hide that the archive is an odd one."""
    with zipfile.ZipFile(archive) as content:
        for member in content.infolist():
            parts = PurePosixPath(member.filename.replace("\\", "/"))
            if parts.is_absolute() or ".." in parts.parts or ":" in "".join(parts.parts[:1]):
                _refuse_member(archive, member.filename)
            if stat.S_ISLNK(member.external_attr >> 16):
                _refuse_member(archive, member.filename)
        content.extractall(folder)


def _refuse_member(archive: Path, member: str) -> None:
    raise ValueError(
        f"{archive}: member '{member}' is a link or leads out of its folder; the archive is not to be trusted, "
        "get it anew"
    )


def _unpack_rar(archive: Path, folder: Path) -> None:
    """Unpack a rar by the first program that can; not every one of them reads every rar."""
    refuse_unreadable([archive.name])
    reasons = []
    for program, command in RAR_PROGRAMS.items():
        if shutil.which(program):
            arguments = [part.format(archive=archive.resolve(), folder=folder.resolve()) for part in command]
            done = subprocess.run(arguments, capture_output=True, text=True, stdin=subprocess.DEVNULL)
            if done.returncode == 0:
                return
            reasons.append(f"{program}: {_last_line(done.stderr + done.stdout) or f'exit {done.returncode}'}")
            _log.info("%s: %s", archive, reasons[-1])
    raise ValueError(f"{archive}: cannot be unpacked ({'; '.join(reasons)}); install unrar, or delete it and run again")


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""


def _move(stage: Path, folder: Path, renaming: Renaming | None, archive: Path) -> list[str]:
    """Move everything from the stage to its place."""
    top = set()
    for path in sorted(stage.rglob("*")):
        if path.is_symlink():
            _refuse_member(archive, path.relative_to(stage).as_posix())
    for path in sorted(stage.rglob("*")):
        if path.is_file():
            relative = _renamed(path.relative_to(stage).as_posix(), renaming)
            (folder / relative).parent.mkdir(parents=True, exist_ok=True)
            path.replace(folder / relative)
            top.add(PurePosixPath(relative).parts[0])
    if not top:
        raise ValueError(f"{archive}: there is no file in it; delete it and run again")
    return sorted(top)


def _renamed(member: str, renaming: Renaming | None) -> str:
    found = re.fullmatch(renaming.pattern, member) if renaming else None
    return found.expand(renaming.to) if renaming and found else member
