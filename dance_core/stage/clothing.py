"""Clothes, hair and face of a person, as colours and swellings of the body's own mesh."""

import colorsys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dance_core.stage.bodies import BodyModel, Rest
from dance_core.stage.rotations import Array

_SKINS = ((238, 200, 172), (226, 178, 142), (200, 148, 110), (168, 116, 82), (134, 90, 66))
_HAIRS = ((38, 30, 26), (74, 50, 32), (124, 88, 52), (194, 156, 98), (120, 114, 108))
_TROUSERS = ((70, 84, 128), (104, 106, 112), (156, 136, 104), (80, 80, 88), (104, 124, 164))
_SHOES = ((44, 44, 46), (228, 228, 226), (130, 66, 44), (190, 60, 50))
_THICKNESS = {"shirt": 0.012, "trousers": 0.010, "hair": 0.013, "shoe": 0.008}


@dataclass(frozen=True)
class Outfit:
    """Look of a person.

    Attributes:
        colours: RGB of every face of the mesh, shape (F, 3).
        thickness: How far clothes and hair stand off the skin at every vertex, metres, shape (V,).
    """

    colours: NDArray[np.float32]
    thickness: Array


def dress(body: BodyModel, rest: Rest, rng: np.random.Generator) -> Outfit:
    """Dress a person.

    Args:
        body: The body model.
        rest: The person at rest.
        rng: Random stream of the person, after the phenotype was drawn.

    Returns:
        The outfit.
    """
    part = _parts(body, rest, short_trousers=rng.random() < 0.35, long_sleeves=rng.random() < 0.45)
    hue = (0.16 + 0.8 * rng.random()) % 1.0  # all but the hues of skin
    shirt = 255.0 * np.array(colorsys.hsv_to_rgb(hue, rng.uniform(0.35, 0.85), rng.uniform(0.5, 0.95)))
    skin = np.array(_SKINS[rng.integers(len(_SKINS))], dtype=np.float64)
    darker = [hair for hair in _HAIRS if sum(hair) < 0.75 * skin.sum()]  # or a face looks like the back of a head
    palette = {
        "skin": skin,
        "hair": np.array(darker[rng.integers(len(darker))], dtype=np.float64),
        "shirt": shirt,
        "trousers": np.array(_TROUSERS[rng.integers(len(_TROUSERS))], dtype=np.float64),
        "shoe": np.array(_SHOES[rng.integers(len(_SHOES))], dtype=np.float64),
        "eye": np.array([236.0, 236.0, 232.0]),
    }
    of_face = _part_of_faces(part, body.faces)
    colours = np.stack([palette[name] for name in of_face])
    middle = rest.vertices[body.faces].mean(1)
    if rng.random() < 0.4:
        striped = (of_face == "shirt") & (np.floor(middle[:, 2] * 14.0) % 2 == 0)
        colours[striped] = np.clip(shirt * 0.6 + rng.uniform(0.0, 100.0), 0.0, 255.0)
    colours *= 1.0 + 0.03 * rng.standard_normal((len(colours), 1))
    _draw_face(colours, middle, of_face, palette, rest)
    loose = 1.0 + 0.8 * (rng.random() < 0.4)
    thickness = np.array([_THICKNESS.get(name, 0.0) for name in part])
    thickness[(part == "shirt") | (part == "trousers")] *= loose
    return Outfit(colours.astype(np.float32), _smoothed(thickness, body.edges))


def _parts(body: BodyModel, rest: Rest, short_trousers: bool, long_sleeves: bool) -> NDArray[np.str_]:
    """Name what covers every vertex: skin, shirt, trousers, shoe, hair or eye."""

    def moved_by(*prefixes: str) -> NDArray[np.bool_]:
        return np.logical_or.reduce([np.char.startswith(body.bone_of_vertex, prefix) for prefix in prefixes])

    joints, height = rest.joints, rest.vertices[:, 2]
    legs, trunk = moved_by("upperleg", "lowerleg", "pelvis", "root"), moved_by("spine", "clavicle", "shoulder")
    waist = 0.5 * (joints["left_hip"][2] + joints["right_hip"][2]) + 0.06
    part = np.full(len(height), "skin", dtype="<U8")
    part[legs | trunk] = np.where(height[legs | trunk] < waist, "trousers", "shirt")
    if short_trousers:
        part[legs & (height < joints["left_knee"][2] + 0.06)] = "skin"
    sleeve_end = abs(joints["left_elbow"][0]) - 0.06
    sleeves = moved_by("upperarm", "lowerarm") if long_sleeves else moved_by("upperarm")
    part[sleeves & (long_sleeves | (np.abs(rest.vertices[:, 0]) < sleeve_end))] = "shirt"
    part[moved_by("foot", "toe") | (legs & (height < joints["left_ankle"][2]))] = "shoe"
    part[moved_by("neck")] = "skin"
    part[_is_hair(body, rest)] = "hair"
    part[moved_by("eye")] = "eye"
    return part


def _is_hair(body: BodyModel, rest: Rest) -> NDArray[np.bool_]:
    head = np.char.startswith(body.bone_of_vertex, "head") | np.char.startswith(body.bone_of_vertex, "neck03")
    height, back = rest.vertices[:, 2], rest.vertices[:, 1]
    eye, ear = rest.joints["left_eye"], rest.joints["left_ear"]
    hairline = eye[2] + 0.42 * (height[head].max() - eye[2])
    return head & ((height > hairline) | ((back > ear[1]) & (height > ear[2] - 0.04)))


def _part_of_faces(part: NDArray[np.str_], faces: NDArray[np.int32]) -> NDArray[np.str_]:
    """Give each face the part of two of its three corners, which keeps borders crisp."""
    corners = part[faces]
    return np.where(corners[:, 1] == corners[:, 2], corners[:, 1], corners[:, 0])


def _draw_face(colours: Array, middle: Array, of_face: NDArray[np.str_], palette: dict[str, Array], rest: Rest) -> None:
    """Colour irises, brows and lips in place."""
    eye, nose = rest.joints["left_eye"], rest.joints["nose"]
    front = middle[:, 1] < eye[1] + 0.02
    beside = np.abs(np.abs(middle[:, 0]) - abs(eye[0]))
    is_eye = of_face == "eye"
    if is_eye.any():
        foremost = middle[is_eye, 1].min()
        colours[is_eye & (middle[:, 1] < foremost + 0.005)] = (52.0, 38.0, 32.0)
    skin = (of_face == "skin") & front
    brow = skin & (np.abs(middle[:, 2] - (eye[2] + 0.02)) < 0.006) & (beside < 0.02)
    lips = skin & (np.abs(middle[:, 2] - (nose[2] - 0.033)) < 0.008) & (np.abs(middle[:, 0]) < 0.023)
    colours[brow] = palette["hair"] * 0.8
    colours[lips] = palette["skin"] * np.array([0.88, 0.56, 0.56])


def _smoothed(values: Array, edges: NDArray[np.int32], rounds: int = 3) -> Array:
    """Average values with their neighbours on the mesh."""
    n_neighbours = np.maximum(np.bincount(edges.ravel(), minlength=len(values)), 1)
    for _ in range(rounds):
        total = np.bincount(edges[:, 0], values[edges[:, 1]], len(values))
        total += np.bincount(edges[:, 1], values[edges[:, 0]], len(values))
        values = 0.5 * values + 0.5 * total / n_neighbours
    return values
