"""Poses that were estimated elsewhere: one file for each clip, in one of three formats.

`{clip_id}.json` with images and annotations is COCO key points; `{clip_id}.json` or `{clip_id}_result.json` with
{"keypoints": [frames]} is the format of DANCE and PCBEAR, where a frame is an object of 17 [y, x, confidence] for each
person's number; `{clip_id}.mat` is a Penn Action annotation.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from dance_core.poses.person import Person, box_around
from dance_core.poses.skeleton import KEYPOINTS

SUFFIXES = (".json", "_result.json", ".mat")
# Penn Action marks head, then left and right shoulder, elbow, wrist, hip, knee and ankle; the head stands for the nose.
PENN_JOINTS = (0, *range(5, 17))
# Confidence of a key point that a person marked though it is hidden (1 of 0, 1, 2 in COCO).
HIDDEN = 0.5

Frames = dict[int, list[Person]]


class PoseFiles:
    """Reads people from files instead of finding them in pictures."""

    name = "file"
    reads_video = False

    def __init__(self, folder: str | Path | None) -> None:
        if folder is None or not Path(folder).is_dir():
            raise ValueError(
                f"poses: folder of pose files '{folder}' does not exist; "
                "set poses.folder to the folder that holds one file for each clip"
            )
        self._folder = Path(folder)
        self._frames: Frames = {}

    def reset(self, clip: Any) -> None:
        """Read the file of a clip.

        Args:
            clip: Row of the manifest.

        Raises:
            ValueError: The clip has no file, or the file does not fit the clip.
        """
        places = [self._folder / f"{clip.clip_id}{suffix}" for suffix in SUFFIXES]
        path = next((place for place in places if place.is_file()), None)
        if path is None:
            raise ValueError(
                f"poses: clip '{clip.clip_id}' has no pose file in {self._folder}/; "
                f"put {', '.join(place.name for place in places[:-1])} or {places[-1].name} there"
            )
        self._frames, n_frames = read_pose_file(path, clip.width, clip.height)
        # A damaged clip has fewer frames than its poses, which were made from the whole one.
        whole = clip.status != "truncated"
        if n_frames is not None and (n_frames < clip.n_frames or (whole and n_frames > clip.n_frames)):
            raise ValueError(
                f"poses: clip '{clip.clip_id}' has {clip.n_frames} frames but {path} has {n_frames}; "
                "estimate its poses again from the same video"
            )
        beyond = [number for number in self._frames if whole and number >= clip.n_frames]
        if beyond:
            raise ValueError(
                f"poses: clip '{clip.clip_id}' has {clip.n_frames} frames but {path} has a pose of frame {beyond[0]}; "
                "frames are counted from 0"
            )

    def people(self, frames: Iterable[tuple[int, Any]]) -> Iterator[list[Person]]:
        """Give the people of each frame; see `PoseEstimator.people`."""
        for number, _ in frames:
            yield self._frames.get(number, [])


def read_pose_file(path: Path, width: int, height: int) -> tuple[Frames, int | None]:
    """Read the people of each frame of a clip.

    Args:
        path: Pose file.
        width: Width of the picture in px.
        height: Height of the picture in px.

    Returns:
        The people by frame number, and how many frames the file says the clip has; None where it does not say.

    Raises:
        ValueError: The file is in none of the formats.
    """
    if path.suffix == ".mat":
        return _penn_action(path)
    try:
        document = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not a JSON file ({error}); write it again") from error
    try:
        if "annotations" in document:
            return _coco(document, width, height)
        return _dance(document["keypoints"], width, height)
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise ValueError(
            f"{path}: neither COCO key points nor DANCE key points, at {error!r}; "
            'write {"images": [...], "annotations": [...]} as COCO does, or {"keypoints": [frames]} where a frame is '
            '{"0": 17 times [y, x, confidence]} with the number of each person, or give a Penn Action .mat instead'
        ) from error


def _coco(document: dict[str, Any], width: int, height: int) -> tuple[Frames, int | None]:
    """Read COCO key points; a picture's frame is its frame_index, or else its place in the order of file names."""
    images = document["images"]
    numbered = all("frame_index" in image for image in images)
    if numbered:
        frame_of = {image["id"]: int(image["frame_index"]) for image in images}
    else:
        ordered = sorted(images, key=lambda image: _last_number(image["file_name"]))
        frame_of = {image["id"]: frame for frame, image in enumerate(ordered)}
    people: Frames = {}
    for annotation in document["annotations"]:
        joints = np.array(annotation["keypoints"], np.float64).reshape(len(KEYPOINTS), 3)
        if joints[:, 2].max() > 1:
            joints[:, 2] = np.select([joints[:, 2] == 1, joints[:, 2] >= 2], [HIDDEN, 1.0], 0.0)
        box = None
        if "bbox" in annotation:
            x, y, across, down = annotation["bbox"]
            box = np.array([x, y, x + across, y + down], np.float32)
        score, identity = float(annotation.get("score", 1)), annotation.get("track_id")
        person = _person(joints, box, score, identity, width, height)
        people.setdefault(frame_of[annotation["image_id"]], []).extend(person)
    return people, None if numbered else len(images)


def _dance(frames: list[dict[str, Any]], width: int, height: int) -> tuple[Frames, int | None]:
    """Read a list with the y, x, confidence of each person, by the person's number, in each frame."""
    people: Frames = {}
    for number, present in enumerate(frames):
        people[number] = []
        for identity, values in present.items():
            joints = np.array(values, np.float64).reshape(len(KEYPOINTS), 3)[:, [1, 0, 2]]
            people[number] += _person(joints, None, float(joints[:, 2].mean()), int(identity), width, height)
    return people, len(frames)


def _penn_action(path: Path) -> tuple[Frames, int | None]:
    """Read a Penn Action annotation: 13 joints of one person, their visibility, and the box."""
    try:
        content = loadmat(path)
        x, y, visible, boxes = (content[name].astype(np.float64) for name in ("x", "y", "visibility", "bbox"))
        height, width = content["dimensions"].ravel()[:2].astype(int).tolist()
    except (KeyError, TypeError, ValueError, NotImplementedError, MatReadError) as error:
        raise ValueError(
            f"{path}: not a Penn Action annotation ({error!r}); it needs x, y, visibility, bbox and dimensions"
        ) from error
    people: Frames = {}
    for number in range(len(x)):
        joints = np.zeros((len(KEYPOINTS), 3))
        # A joint that was not marked at all lies in the corner.
        marked = (x[number] > 1) | (y[number] > 1)
        confidence = np.where(visible[number] > 0, 1.0, np.where(marked, HIDDEN, 0.0))
        joints[list(PENN_JOINTS)] = np.stack([x[number], y[number], confidence], axis=1)
        box = boxes[number].astype(np.float32) if number < len(boxes) else None
        people[number] = _person(joints, box, 1.0, 0, width, height)
    return people, len(x)


def _person(
    joints: np.ndarray, box: np.ndarray | None, score: float, identity: int | None, width: int, height: int
) -> list[Person]:
    """Make a person, or nobody where no key point is known; x and y are NaN where the confidence is 0."""
    joints = joints.astype(np.float32)
    joints[~np.isfinite(joints).all(axis=1)] = 0
    joints[joints[:, 2] <= 0, :2] = np.nan
    if not np.isfinite(joints[:, 0]).any():
        return []
    known_box = box if box is not None else box_around(joints[:, :2], width, height)
    return [Person(joints, known_box, score, identity)]


def _last_number(name: str) -> tuple[int, str]:
    """Order of a file name: its last number, then its letters."""
    numbers = re.findall(r"\d+", Path(name).stem)
    return (int(numbers[-1]) if numbers else 0, name)
