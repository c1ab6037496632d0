"""Poses that were estimated elsewhere: one file for each clip, in one of three formats.

`{clip_id}.json` with images and annotations is COCO key points; `{clip_id}.json` or `{clip_id}_result.json` with
{"keypoints": [frames]} is the format of DANCE and PCBEAR, where a frame is an object of 17 [y, x, confidence] for each
person's number; `{clip_id}.mat` is a Penn Action annotation (see `dance_core.poses.penn_action`).
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dance_core.poses.penn_action import penn_action_poses, penn_action_size
from dance_core.poses.person import Person, box_around
from dance_core.poses.skeleton import KEYPOINTS

SUFFIXES = (".json", "_result.json", ".mat")
# Confidence of a key point that a person marked though it is hidden (1 of 0, 1, 2 in COCO).
HIDDEN = 0.5
# Eyes and ears, which many skeletons lack.
EYES_AND_EARS = [1, 2, 3, 4]

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
        path = pose_file(self._folder, clip.clip_id)
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


def pose_file(folder: str | Path, clip_id: str) -> Path:
    """Find the pose file of a clip.

    Args:
        folder: Folder with one pose file for each clip.
        clip_id: The clip.

    Returns:
        The first of `{clip_id}.json`, `{clip_id}_result.json`, `{clip_id}.mat` that exists.

    Raises:
        ValueError: None of them does.
    """
    places = [Path(folder) / f"{clip_id}{suffix}" for suffix in SUFFIXES]
    for place in places:
        if place.is_file():
            return place
    raise ValueError(
        f"poses: clip '{clip_id}' has no pose file in {folder}/; "
        f"put {', '.join(place.name for place in places[:-1])} or {places[-1].name} there"
    )


def pose_file_size(path: str | Path) -> tuple[int, int, int]:
    """Read from a pose file how long and how large its clip is, for a manifest without the video.

    Args:
        path: A Penn Action .mat, or COCO key points whose images have width and height.

    Returns:
        n_frames, width px, height px. COCO images with a frame_index may leave out frames without anybody, so their
        clip has one frame more than the highest index.

    Raises:
        ValueError: The file is in none of the formats, or does not say it (DANCE key points never do).
    """
    path = Path(path)
    if path.suffix == ".mat":
        return penn_action_size(path)
    document = _document(path)
    try:
        images = document.get("images") or [{}]
        width, height = int(images[0]["width"]), int(images[0]["height"])
        return max(int(image.get("frame_index", place)) for place, image in enumerate(images)) + 1, width, height
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: does not say how long and how large its clip is (at {error!r}); "
            "give a Penn Action .mat, COCO images with width and height, or the video itself"
        ) from error


def read_pose_file(path: Path, width: int, height: int) -> tuple[Frames, int | None]:
    """Read the people of each frame of a clip.

    Args:
        path: Pose file.
        width: Width of the picture in px.
        height: Height of the picture in px.

    Returns:
        The people by frame number, and how many frames the file says the clip has; None where it does not say. Where
        nobody has an eye or an ear in any frame, the file's skeleton lacks them: their confidence is NaN, not 0.

    Raises:
        ValueError: The file is in none of the formats.
    """
    if path.suffix == ".mat":
        people, n_frames = _penn_action(path, width, height)
    else:
        people, n_frames = _json(path, width, height)
    everyone = [person.keypoints for present in people.values() for person in present]
    if everyone and not np.stack(everyone)[:, EYES_AND_EARS, 2].any():
        for joints in everyone:
            joints[EYES_AND_EARS, 2] = np.nan
    return people, n_frames


def _penn_action(path: Path, width: int, height: int) -> tuple[Frames, int | None]:
    """Read a Penn Action annotation."""
    poses, boxes = penn_action_poses(path)
    frames = enumerate(zip(_known(poses), boxes, strict=True))
    return {number: _person(joints, box, 1.0, 0, width, height) for number, (joints, box) in frames}, len(poses)


def _json(path: Path, width: int, height: int) -> tuple[Frames, int | None]:
    """Read COCO or DANCE key points."""
    document = _document(path)
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


def _document(path: Path) -> dict[str, Any]:
    """Read a JSON file."""
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not a JSON file ({error}); write it again") from error


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
        person = _person(_known(joints), box, score, identity, width, height)
        people.setdefault(frame_of[annotation["image_id"]], []).extend(person)
    return people, None if numbered else len(images)


def _dance(frames: list[dict[str, Any]], width: int, height: int) -> tuple[Frames, int | None]:
    """Read a list with the y, x, confidence of each person, by the person's number, in each frame."""
    people: Frames = {}
    for number, present in enumerate(frames):
        people[number] = []
        for identity, values in present.items():
            joints = np.array(values, np.float64).reshape(len(KEYPOINTS), 3)[:, [1, 0, 2]]
            people[number] += _person(_known(joints), None, float(joints[:, 2].mean()), int(identity), width, height)
    return people, len(frames)


def _known(joints: np.ndarray) -> np.ndarray:
    """Give x, y and confidence as float32: 0 for the confidence of what is not known, and NaN for its x and y."""
    joints = joints.astype(np.float32)
    unknown = ~np.isfinite(joints).all(axis=-1) | (joints[..., 2] <= 0)
    joints[unknown] = (np.nan, np.nan, 0)
    return joints


def _person(
    joints: np.ndarray, box: np.ndarray | None, score: float, identity: int | None, width: int, height: int
) -> list[Person]:
    """Make a person of what `_known` gave, or nobody where no key point is known."""
    if not joints[:, 2].any():
        return []
    # A box without an extent is as good as none.
    if box is None or not (box[2] > box[0] and box[3] > box[1]):
        box = box_around(joints[:, :2], width, height)
    return [Person(joints, box, score, identity)]


def _last_number(name: str) -> tuple[int, str]:
    """Order of a file name: its last number, then its letters."""
    numbers = re.findall(r"\d+", Path(name).stem)
    return (int(numbers[-1]) if numbers else 0, name)
