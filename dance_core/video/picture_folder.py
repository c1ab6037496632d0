"""Clips that are a folder of pictures, one per frame, in the order of their names."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from dance_core.video.clip_source import PICTURES, UnreadableVideo, begins_late, is_picture


class BrokenPicture(ValueError):  # noqa: N818 (named after what it says about the file)
    """A picture cannot be a frame of its clip; the message says why."""


def pictures_in(folder: str | Path) -> list[Path]:
    """List the pictures of a folder; hidden files are not looked at.

    Args:
        folder: A folder.

    Returns:
        Files, sorted by name, numbers in it by their value: "2.jpg" comes before "10.jpg".

    Raises:
        UnreadableVideo: There is none.
    """
    files = [file for file in Path(folder).iterdir() if is_picture(file.name)]
    if not files:
        raise UnreadableVideo(folder, f"the folder holds no picture ({', '.join(PICTURES)})")
    return sorted(files, key=lambda file: ([*map(_value, re.split(r"([0-9]+)", file.name))], file.name))


def _value(part: str) -> int | str:
    return int(part) if part.isascii() and part.isdecimal() else part


def read_picture(file: Path, shape: tuple[int, ...] = ()) -> np.ndarray:
    """Read one picture, upright.

    Args:
        file: The picture.
        shape: Shape that the pictures of its clip have; () for the first of them.

    Returns:
        Red, green and blue, uint8 of shape (height, width, 3).

    Raises:
        BrokenPicture: It cannot be decoded, or has another shape.
    """
    try:
        with Image.open(file) as image:
            picture = np.array(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BrokenPicture(f"picture '{file.name}' cannot be decoded ({_words(error)})") from error
    if shape and picture.shape != shape:
        found, wanted = (f"{width} x {height}" for height, width, _ in (picture.shape, shape))
        raise BrokenPicture(f"picture '{file.name}' has {found} pixels but the first of the clip has {wanted}")
    return picture


def picture_frames(
    folder: str | Path, indices: Sequence[int] | None, first: int = 0
) -> Iterator[tuple[int, np.ndarray]]:
    """Stream pictures; see `dance_core.video.iterate_frames`.

    Args:
        folder: Folder of pictures.
        indices: Pictures wanted, ascending, or None: all from `first` on, up to the first that is broken.
        first: Picture that the clip begins with.

    Yields:
        Pairs of a picture's place in the folder and the picture.

    Raises:
        ValueError: The folder has no such picture, or it is broken.
        UnreadableVideo: The folder has no picture, or none from `first` on, or the first is broken.
    """
    files = pictures_in(folder)
    if indices is not None and not len(indices):
        return
    opening = first_picture(folder, files, first)
    for index in range(first, len(files)) if indices is None else indices:
        if index >= len(files):
            raise ValueError(
                f"{folder}: frame {index} was asked for but the folder has frames 0 to {len(files) - 1}; "
                "read the manifest again"
            )
        try:
            yield index, opening if index == first else read_picture(files[index], opening.shape)
        except BrokenPicture as error:
            if indices is None:
                return
            raise ValueError(f"{folder}: {error}; read the manifest again") from error


def first_picture(folder: str | Path, files: Sequence[Path], first: int) -> np.ndarray:
    """Read the picture that a clip begins with, whose size the others must have.

    Args:
        folder: Folder of pictures.
        files: Its pictures.
        first: Place of the picture.

    Returns:
        The picture, uint8 of shape (height, width, 3).

    Raises:
        UnreadableVideo: There is no such picture, or it is broken.
    """
    if first >= len(files):
        raise UnreadableVideo(folder, begins_late(len(files), first))
    try:
        return read_picture(files[first])
    except BrokenPicture as error:
        raise UnreadableVideo(folder, str(error)) from error


def _words(error: Exception) -> str:
    """Give the library's words, without the path."""
    return "it is no picture" if isinstance(error, Image.UnidentifiedImageError) else str(error)
