"""Where the frames of a clip lie: a file or a folder of pictures, and which of its frames are the clip's."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NO_FILE = "there is no such file"
"""Reason of the clips that a list names but nobody put there."""
PICTURES = (".jpg", ".jpeg", ".png")
_RANGE = re.compile(r"frames=([0-9]{1,9})-([0-9]{0,9})")
_RATE = re.compile(r"fps=([0-9]{1,6}(?:\.[0-9]{1,9})?)")


class UnreadableVideo(ValueError):  # noqa: N818 (named after what it says about the file)
    """No frame of a clip can be read; `reason` says why in words that fit after "the clip is unreadable:"."""

    def __init__(self, path: str | Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}; replace the file or take the clip out of the data set")
        self.path, self.reason = path, reason

    def __reduce__(self) -> tuple[type["UnreadableVideo"], tuple[str | Path, str]]:
        # Else a process that meets it sends the sentence alone, of which the receiver cannot make it again.
        return UnreadableVideo, (self.path, self.reason)


@dataclass(frozen=True)
class ClipSource:
    """What a clip's path says.

    Attributes:
        path: The path as it was given.
        file: Video file, or folder of pictures.
        first: Frame of the file that is the clip's frame 0.
        last: Last frame of the file that belongs to the clip; None: the file's last.
        fps: Frames per second, where the path gives them.
    """

    path: Path
    file: Path
    first: int = 0
    last: int | None = None
    fps: float | None = None

    @property
    def n_frames(self) -> int | None:
        """Frames that the clip should have; None where the file says it."""
        return None if self.last is None else self.last - self.first + 1

    def in_file(self, indices: Sequence[int]) -> list[int]:
        """Count frames of the clip from the beginning of the file.

        Args:
            indices: Frames of the clip, ascending.

        Returns:
            The same frames, as the file counts them.

        Raises:
            ValueError: The clip has no such frame.
        """
        if indices and self.n_frames is not None and indices[-1] >= self.n_frames:
            raise ValueError(
                f"{self.path}: frame {indices[-1]} was asked for but the clip has frames 0 to {self.n_frames - 1}; "
                "read the manifest again"
            )
        return [index + self.first for index in indices]

    def shortfall(self, n_frames: int) -> str:
        """Say that the file ends before the clip does; "" where it does not.

        Args:
            n_frames: Frames of the file.

        Returns:
            Words that fit after "the clip is truncated:".
        """
        if self.last is None or n_frames > self.last:
            return ""
        return f"the file has frames 0 to {n_frames - 1} but the clip is frames {self.first} to {self.last}"


def clip_source(path: str | Path) -> ClipSource:
    """Resolve a clip's path, which may end in a fragment such as `#frames=10-94` or `#fps=30`, or both with `&`.

    Args:
        path: Video file or folder of pictures. The range is first-last, counted from 0, both included; without last
            it goes to the end. A file that is literally named so is meant first.

    Returns:
        The source.

    Raises:
        UnreadableVideo: The file is there but the fragment is not understood, or its range is empty.
    """
    whole = Path(path)
    name, _, fragment = str(path).rpartition("#")
    is_fragment = "=" in fragment and "/" not in fragment  # else the mark is a part of a name
    if not is_fragment or os.path.exists(whole) or not os.path.exists(name):  # noqa: PTH110 (never an OSError)
        return ClipSource(whole, whole)
    parts = fragment.split("&")
    frames = [found for part in parts if (found := _RANGE.fullmatch(part))]
    rates = [found for part in parts if (found := _RATE.fullmatch(part))]
    if len(frames) > 1 or len(rates) > 1 or len(frames) + len(rates) < len(parts):
        raise UnreadableVideo(path, f"'#{fragment}' is not understood (known are #frames=first-last and #fps=rate)")
    first, last = (frames[0][1], frames[0][2]) if frames else ("0", "")
    if last and int(last) < int(first):
        raise UnreadableVideo(path, f"its range {first}-{last} ends before it begins")
    if rates and not float(rates[0][1]):
        raise UnreadableVideo(path, "its fps is 0")
    return ClipSource(whole, Path(name), int(first), int(last) if last else None, float(rates[0][1]) if rates else None)


def is_picture(name: str) -> bool:
    """Tell by its name whether a file is a picture that can be a frame; hidden files are none."""
    return name.lower().endswith(PICTURES) and not name.startswith(".")


def clip_name(path: str | Path) -> str:
    """Name a clip after its file, and after its range where it has one.

    Args:
        path: Path of a clip.

    Returns:
        For example `kick` of `videos/kick.avi`, `kick_10-94` of `videos/kick.avi#frames=10-94`.
    """
    try:
        source = clip_source(path)
    except UnreadableVideo:
        return Path(path).stem
    name = source.file.name if source.file.is_dir() else source.file.stem
    if not source.first and source.last is None:
        return name
    return f"{name}_{source.first}-{'end' if source.last is None else source.last}"


def begins_late(n_frames: int, first: int) -> str:
    """Word the reason why a clip that is a range of frames has none of them."""
    return f"the file has frames 0 to {n_frames - 1} but the clip begins at frame {first}"
