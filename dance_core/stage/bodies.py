"""The anny body model: people of varied build, posed by a motion and set on the ground."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dance_core.poses.skeleton import KEYPOINTS
from dance_core.stage.extras import require
from dance_core.stage.ground import ground_path
from dance_core.stage.posture import SIDES, Build, Motion
from dance_core.stage.rotations import Array, rotation_about, shortest_rotation, transposed

CACHE_VARIABLE = "ANNY_CACHE_DIR"

_SPINE = ("spine05", "spine04", "spine03", "spine02", "spine01")


@dataclass(frozen=True)
class Rest:
    """A body at rest: vertices in metres, shape (V, 3), and COCO keypoints by name."""

    vertices: Array
    joints: dict[str, Array]

    def build(self) -> Build:
        """Measure the lengths that motions need.

        Returns:
            Lengths in metres.
        """

        def length(first: str, second: str) -> float:
            return float(np.linalg.norm(self.joints[first] - self.joints[second]))

        return Build(
            shoulder_half_width=0.5 * length("left_shoulder", "right_shoulder"),
            upper_arm=length("left_shoulder", "left_elbow"),
            forearm=length("left_elbow", "left_wrist"),
            leg=length("left_hip", "left_knee") + length("left_knee", "left_ankle"),
        )


@dataclass(frozen=True)
class Posed:
    """A body in every frame, in the world's frame: z up, x to the picture's right, y away from the camera.

    Attributes:
        vertices: Metres, shape (n, V, 3).
        keypoints: COCO keypoints, shape (n, 17, 3).
        path: Place of the body on the ground, shape (n, 3); its middle lies at the origin.
    """

    vertices: Array
    keypoints: Array
    path: Array


def phenotype(rng: np.random.Generator) -> dict[str, float]:
    """Draw the build of a grown person.

    Args:
        rng: Random stream of the person.

    Returns:
        Values in [0, 1] for the phenotype parameters of anny.
    """
    gender = float(rng.random() < 0.5)
    return {
        "gender": float(np.clip(gender + rng.normal(0.0, 0.06), 0.0, 1.0)),
        "age": rng.uniform(0.55, 0.8),
        "muscle": rng.uniform(0.35, 0.8),
        "weight": rng.uniform(0.25, 0.7),
        "height": rng.uniform(0.35, 0.75),
        "proportions": rng.uniform(0.4, 0.9),
        "african": rng.random(),
        "asian": rng.random(),
        "caucasian": rng.random(),
        "cupsize": 0.4,
        "firmness": 0.5,
    }


class BodyModel:
    """The anny mesh with its skeleton.

    Attributes:
        faces: Vertex numbers of every triangle, shape (F, 3).
        edges: Vertex numbers of every edge, shape (E, 2).
        bone_of_vertex: Name of the bone that moves each vertex most, shape (V,).
    """

    def __init__(self, cache_dir: Path | None = None) -> None:
        """Load the model; the first time takes a minute or two and fills the cache.

        Args:
            cache_dir: Where anny keeps its prepared model; by default the folder in ANNY_CACHE_DIR, or
                ~/.cache/dance/anny.

        Raises:
            ImportError: anny or torch is not installed.
        """
        default = os.environ.get(CACHE_VARIABLE, Path.home() / ".cache" / "dance" / "anny")
        os.environ[CACHE_VARIABLE] = str(cache_dir or default)  # anny reads it while it is imported
        self._torch: Any = require("torch")
        anny: Any = require("anny")
        self._model = anny.Anny(skinning_method="lbs", phenotypes="all").to(dtype=self._torch.float32)
        self._regressor = anny.KeypointsRegressor.coco(self._model, labels=list(KEYPOINTS))
        self._bones = {label: i for i, label in enumerate(self._model.bone_labels)}
        self.faces: NDArray[np.int32] = np.ascontiguousarray(self._model.faces.cpu().numpy(), dtype=np.int32)
        strongest = self._model.vertex_bone_weights.numpy().argmax(1)
        bones = self._model.vertex_bone_indices.numpy()[np.arange(len(strongest)), strongest]
        self.bone_of_vertex = np.array(self._model.bone_labels)[bones]
        pairs = np.concatenate([self.faces[:, [0, 1]], self.faces[:, [1, 2]], self.faces[:, [2, 0]]])
        self.edges: NDArray[np.int32] = np.unique(np.sort(pairs, axis=1), axis=0)

    def rest(self, shape: dict[str, float]) -> Rest:
        """Shape the body of a person.

        Args:
            shape: Phenotype values in [0, 1].

        Returns:
            The body at rest.
        """
        vertices, keypoints = self._run(shape, np.tile(np.eye(4), (1, len(self._bones), 1, 1)))
        return Rest(vertices[0], dict(zip(KEYPOINTS, keypoints[0], strict=True)))

    def pose(self, shape: dict[str, float], rest: Rest, motion: Motion, frames_per_second: float) -> Posed:
        """Move the body through a motion and over the ground.

        Args:
            shape: Phenotype values in [0, 1].
            rest: The same person at rest.
            motion: Posture of every frame.
            frames_per_second: Frame rate.

        Returns:
            The body in every frame. Its soles touch the ground except in flight, and a sole on the ground stays
            where it is: the body's path follows from the feet.
        """
        vertices, keypoints = self._run(shape, self._transforms(rest, motion))
        turn = rotation_about("z", motion.yaw)
        vertices, keypoints = vertices @ turn.T, keypoints @ turn.T
        soles = [vertices[:, numbers] for numbers in self._sole_vertices(rest)]
        path = ground_path(soles, motion.hop, turn @ np.array([0.0, -1.0, 0.0]))
        return Posed(vertices + path[:, None], keypoints + path[:, None], path * np.array([1.0, 1.0, 0.0]))

    def _run(self, shape: dict[str, float], transforms: Array) -> tuple[Array, Array]:
        torch = self._torch
        values = {label: torch.tensor([float(shape.get(label, 0.5))]) for label in self._model.phenotype_labels}
        with torch.no_grad():
            output = self._model(
                pose_parameters=torch.from_numpy(transforms.astype(np.float32)), phenotype_kwargs=values
            )
            keypoints = self._regressor(output)
        return output["vertices"].numpy().astype(np.float64), keypoints.numpy().astype(np.float64)

    def _sole_vertices(self, rest: Rest) -> list[NDArray[np.int64]]:
        in_foot = np.char.startswith(self.bone_of_vertex, "foot") | np.char.startswith(self.bone_of_vertex, "toe")
        low = in_foot & (rest.vertices[:, 2] < rest.vertices[:, 2].min() + 0.04)
        left = rest.vertices[:, 0] > 0.0
        return [np.flatnonzero(low & left), np.flatnonzero(low & ~left)]

    def _transforms(self, rest: Rest, motion: Motion) -> Array:
        """Rotations of the bones against their parents, in axes aligned with the world, shape (n, bones, 4, 4)."""
        turns: dict[str, Array] = {"root": rotation_about("z", motion.pelvis)}
        share = len(_SPINE)
        bend = rotation_about("x", motion.lean / share) @ rotation_about("z", motion.twist / share)
        bend = bend @ rotation_about("y", motion.sway / share)
        turns |= dict.fromkeys(_SPINE, bend)
        turns["neck01"] = rotation_about("z", -0.6 * motion.twist) @ rotation_about("x", motion.nod - 0.3 * motion.lean)
        turns["head"] = rotation_about("z", -0.4 * (motion.twist + motion.pelvis)) @ rotation_about(
            "x", -0.3 * motion.lean
        )
        for column, side in enumerate(SIDES):
            turns |= _arm_turns(rest, motion, column, side) | _leg_turns(rest, motion, column, side, turns["root"])
            turns |= self._finger_turns(motion, side)
        transforms = np.tile(np.eye(4), (len(motion.lean), len(self._bones), 1, 1))
        for bone, turn in turns.items():
            transforms[:, self._bones[bone], :3, :3] = turn
        return transforms

    def _finger_turns(self, motion: Motion, side: str) -> dict[str, Array]:
        letter = side[0].upper()
        turn = rotation_about("y", motion.curl if side == "left" else -motion.curl)
        bones = [b for b in self._bones if b.startswith(("finger2", "finger3", "finger4", "finger5"))]
        return {bone: turn for bone in bones if bone.endswith(letter)}


def _body_frame(vectors: Array, side: str) -> Array:
    """Turn (forward, outward, up) into the body's axes: x to the person's left, y backwards, z up."""
    sign = 1.0 if side == "left" else -1.0
    return np.stack([sign * vectors[..., 1], -vectors[..., 0], vectors[..., 2]], axis=-1)


def _arm_turns(rest: Rest, motion: Motion, column: int, side: str) -> dict[str, Array]:
    letter, sign = side[0].upper(), 1.0 if side == "left" else -1.0
    joints = rest.joints
    arm = joints[f"{side}_elbow"] - joints[f"{side}_shoulder"]
    forearm = joints[f"{side}_wrist"] - joints[f"{side}_elbow"]
    upper, lower = _body_frame(motion.upper_arm[:, column], side), _body_frame(motion.forearm[:, column], side)
    elevation = np.degrees(np.arccos(np.clip(-upper[:, 2], -1.0, 1.0)))
    clavicle = rotation_about("y", -sign * 0.28 * np.clip(elevation - 60.0, 0.0, None))  # shoulders rise with the arms
    whole_upper = shortest_rotation(clavicle @ arm, upper) @ clavicle
    whole_lower = shortest_rotation(whole_upper @ forearm, lower) @ whole_upper
    return {
        f"clavicle.{letter}": clavicle,
        f"upperarm01.{letter}": transposed(clavicle) @ whole_upper,
        f"lowerarm01.{letter}": transposed(whole_upper) @ whole_lower,
    }


def _leg_turns(rest: Rest, motion: Motion, column: int, side: str, pelvis: Array) -> dict[str, Array]:
    letter, sign = side[0].upper(), 1.0 if side == "left" else -1.0
    joints = rest.joints
    thigh = joints[f"{side}_knee"] - joints[f"{side}_hip"]
    shin = joints[f"{side}_ankle"] - joints[f"{side}_knee"]
    hip, knee, spread = motion.hip[:, column], motion.knee[:, column], np.radians(motion.spread[:, column])

    def sagittal(degrees: Array, outward: Array) -> Array:
        angle = np.radians(degrees)
        return np.stack([sign * np.tan(outward), -np.sin(angle), -np.cos(angle)], axis=-1)

    whole_thigh = rotation_about("x", -hip)
    whole_thigh = shortest_rotation(whole_thigh @ thigh, sagittal(hip, spread)) @ whole_thigh
    whole_shin = whole_thigh @ rotation_about("x", knee)
    whole_shin = shortest_rotation(whole_shin @ shin, sagittal(hip - knee, 0.8 * spread)) @ whole_shin
    whole_foot = rotation_about("x", knee - hip - motion.ankle[:, column])
    return {
        f"upperleg01.{letter}": transposed(pelvis) @ whole_thigh,
        f"lowerleg01.{letter}": transposed(whole_thigh) @ whole_shin,
        f"foot.{letter}": transposed(whole_shin) @ whole_foot,
    }
