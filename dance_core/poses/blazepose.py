"""BlazePose: a person detector and a landmark model that follows each person from frame to frame.

Source:
    Bazarevsky et al., BlazePose: On-device Real-time Body Pose Tracking, 2020, arXiv 2006.10204; thresholds as in
    MediaPipe 0.10.21.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from scipy.special import expit

from dance_core.poses.blazepose_geometry import (
    DETECTOR_SIDE,
    Region,
    anchor_centres,
    letterbox,
    overlaps,
    refine,
    region_around,
    weighted_suppression,
)
from dance_core.poses.person import Person, box_around, largest_side
from dance_core.weights import weight_file

LANDMARK_SIDE = 256
DETECTION_THRESHOLD = 0.5
PRESENCE_THRESHOLD = 0.5
# Seconds of video after which a followed region is too old to be trusted alone.
DETECTION_SECONDS = 0.4
BODY_LANDMARKS = 33
# Auxiliary landmarks: the middle of the hips, and a point on the circle round the whole body, above the head.
HIPS, TIP = 33, 34
COCO_LANDMARKS = (0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)
# Two regions show one person when their centres are this near, in sides; people side by side are about 0.25 apart.
SAME_CENTRE = 0.15
# Two poses are of one person when their joints are this near on average, in longer sides of the box, or when their
# boxes overlap this much: a pose found in a region that is turned wrongly has other joints but much the same box.
SAME_POSE = 0.25
SAME_BOX = 0.4
# Beyond this angle between the followed and the detected region, the detector is right: a region that is turned
# wrongly feeds itself, because the landmark model expects people upright in it.
WRONG_TURN = np.pi / 4
JUMP = 0.25
JUMP_SCALE = 1.5


@dataclass(frozen=True, eq=False)
class Followed:
    """A person with the region in which to look for them in the next frame."""

    person: Person
    region: Region


class PersonDetector:
    """Finds the regions of people in a whole picture."""

    def __init__(self, model: Path) -> None:
        self._network = _network(model)
        self._input = self._network.get_input_details()[0]["index"]
        outputs = {output["shape"][-1]: output["index"] for output in self._network.get_output_details()}
        self._boxes, self._scores = outputs[12], outputs[1]
        self._anchors = anchor_centres()

    def regions(self, frame: np.ndarray) -> list[Region]:
        """Find people.

        Args:
            frame: RGB picture, shape (height, width, 3), uint8.

        Returns:
            A region for each person, the surest first.
        """
        square, scale, corner = letterbox(frame, DETECTOR_SIDE)
        self._network.set_tensor(self._input, square[None].astype(np.float32) / np.float32(127.5) - np.float32(1))
        self._network.invoke()
        scores = expit(self._network.get_tensor(self._scores)[0, :, 0].astype(np.float64))
        sure = np.flatnonzero(scores >= DETECTION_THRESHOLD)
        if not len(sure):
            return []
        raw = self._network.get_tensor(self._boxes)[0, sure].astype(np.float64) / DETECTOR_SIDE
        centre, half = raw[:, :2] + self._anchors[sure], raw[:, 2:4] / 2
        boxes = np.concatenate([centre - half, centre + half], axis=1)
        points = raw[:, 4:].reshape(-1, 4, 2) + self._anchors[sure][:, None]
        people = weighted_suppression(boxes, points, scores[sure])
        return [region_around(*((person[:2] * DETECTOR_SIDE - corner) / scale)) for person in people]


class LandmarkModel:
    """Finds the landmarks of the one person in a region."""

    def __init__(self, model: Path) -> None:
        self._network = _network(model)
        self._input = self._network.get_input_details()[0]["index"]
        outputs = {tuple(output["shape"][1:]): output["index"] for output in self._network.get_output_details()}
        self._landmarks, self._presence, self._heatmaps = outputs[195,], outputs[1,], outputs[64, 64, 39]

    def follow(self, frame: np.ndarray, region: Region) -> Followed | None:
        """Find the pose of the person in a region.

        Args:
            frame: RGB picture, shape (height, width, 3), uint8.
            region: Where the person is.

        Returns:
            The person, without an identity, and their region in the next frame; None where nobody is.
        """
        self._network.set_tensor(self._input, _crop(frame, region)[None].astype(np.float32) / np.float32(255))
        self._network.invoke()
        presence = float(self._network.get_tensor(self._presence)[0, 0])
        if not presence >= PRESENCE_THRESHOLD:
            return None
        landmarks = self._network.get_tensor(self._landmarks).reshape(39, 5).astype(np.float64)
        refined = refine(landmarks[:, :2] / LANDMARK_SIDE, self._network.get_tensor(self._heatmaps)[0])
        points = region.to_picture(refined)
        # Visible, and inside the picture: a hidden joint, whose place the model guesses well, gets about a half.
        confidence = expit(landmarks[:, 3:5]).mean(axis=1)
        joints = np.concatenate([points, confidence[:, None]], axis=1)[list(COCO_LANDMARKS)].astype(np.float32)
        box = box_around(points[:BODY_LANDMARKS], frame.shape[1], frame.shape[0])
        return Followed(Person(joints, box, presence), region_around(points[HIPS], points[TIP]))


class BlazePose:
    """Follows up to some people; detects in the first frame, when one is lost, and every `DETECTION_SECONDS`."""

    name = "blazepose"
    reads_video = True

    def __init__(self, weights: str | Path, maximum_people: int = 3) -> None:
        cv2.setNumThreads(1)  # a job has one core
        self._detector = PersonDetector(weight_file(weights, "blazepose", "pose_detection.tflite"))
        self._landmarks = LandmarkModel(weight_file(weights, "blazepose", "pose_landmark_full.tflite"))
        self._maximum_people = maximum_people

    def reset(self, clip: Any) -> None:
        """Forget the people of the last clip; `clip.fps` tells how old a region is."""
        self._followed: list[Followed] = []
        self._next_identity = 0
        self._last_detection = -np.inf
        self._fps = clip.fps

    def people(self, frames: Iterable[tuple[int, np.ndarray]]) -> Iterator[list[Person]]:
        """Find the people of each frame; see `PoseEstimator.people`."""
        for number, frame in frames:
            kept, doubtful = self._follow_all(frame)
            due = not (number - self._last_detection) / self._fps < DETECTION_SECONDS
            if doubtful or due or not kept:
                self._last_detection = number
                kept = self._detect(frame, kept)
            self._followed = kept
            yield [followed.person for followed in kept]

    def _follow_all(self, frame: np.ndarray) -> tuple[list[Followed], bool]:
        """Find the people of the last frame again; tell also whether one was lost or jumped."""
        kept: list[Followed] = []
        doubtful = False
        for known in self._followed:
            found = self._landmarks.follow(frame, known.region)
            if found is None or any(_is_same(found.person, other.person) for other in kept):
                doubtful = True
                continue
            doubtful |= _has_jumped(known.region, found.region)
            kept.append(_identified(found, known.person.identity))
        return kept, doubtful

    def _detect(self, frame: np.ndarray, kept: list[Followed]) -> list[Followed]:
        """Add the detected people who are not followed, and turn the regions of those that are turned wrongly."""
        confirmed: set[int | None] = set()  # the surest detection of a person decides; later ones may be upside down
        for region in self._detector.regions(frame)[: self._maximum_people]:
            agreeing = [followed.person.identity for followed in kept if _agrees(region, followed.region)]
            confirmed.update(agreeing)
            found = None if agreeing else self._landmarks.follow(frame, region)
            if found is None:
                continue
            same = [i for i, followed in enumerate(kept) if _is_same(found.person, followed.person)]
            if not same and len(kept) < self._maximum_people:
                kept.append(_identified(found, self._next_identity))
                confirmed.add(self._next_identity)
                self._next_identity += 1
            elif same and (identity := kept[same[0]].person.identity) not in confirmed:
                confirmed.add(identity)
                if _angle_between(region, kept[same[0]].region) > WRONG_TURN:
                    kept[same[0]] = _identified(found, identity)
        return kept


def _network(model: Path) -> Interpreter:
    """Load a network that runs on one core, so that its results do not depend on the machine's load."""
    network = Interpreter(str(model), num_threads=1)
    network.allocate_tensors()
    return network


def _crop(frame: np.ndarray, region: Region) -> np.ndarray:
    """Cut a region out of a picture, turned upright, black beyond the picture."""
    corners = region.to_picture(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    edges = (corners[1:] - corners[0]).T / LANDMARK_SIDE
    to_picture = np.concatenate([edges, corners[0][:, None]], axis=1)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(frame, to_picture, (LANDMARK_SIDE, LANDMARK_SIDE), flags=flags)


def _identified(followed: Followed, identity: int | None) -> Followed:
    """Give a person an identity."""
    return replace(followed, person=replace(followed.person, identity=identity))


def _agrees(region: Region, other: Region) -> bool:
    """Whether two regions show one person the same way up, so that a second look would say nothing new."""
    apart = np.hypot(region.x - other.x, region.y - other.y)
    return bool(apart < SAME_CENTRE * max(region.side, other.side) and _angle_between(region, other) < WRONG_TURN)


def _angle_between(region: Region, other: Region) -> float:
    """Angle between two regions in [0, pi]."""
    return float(np.pi - abs(abs(region.angle - other.angle) % (2 * np.pi) - np.pi))


def _has_jumped(before: Region, after: Region) -> bool:
    """Whether a region moved or changed more than a person does between two frames."""
    moved = np.hypot(after.x - before.x, after.y - before.y) > JUMP * before.side
    return bool(moved or not 1 / JUMP_SCALE < after.side / before.side < JUMP_SCALE)


def _is_same(person: Person, other: Person) -> bool:
    """Whether two poses in one frame are of one person."""
    apart = np.hypot(*(person.keypoints - other.keypoints)[:, :2].T).mean()
    near = apart < SAME_POSE * largest_side(other.box)
    return bool(near or overlaps(person.box, other.box[None])[0] > SAME_BOX)
