"""From a clip's definition to its pictures and its truth."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dance_core.stage.backdrop import paint_contact, paint_ground, paint_layer
from dance_core.stage.bodies import BodyModel, Posed, phenotype
from dance_core.stage.camera import HEIGHT, SUPERSAMPLING, WIDTH, Camera, View, camera_for
from dance_core.stage.casting import FRAMES_PER_SECOND, TRAVELLING, Clip
from dance_core.stage.clothing import Outfit, dress
from dance_core.stage.extras import require
from dance_core.stage.motions import motion_of
from dance_core.stage.posture import Motion
from dance_core.stage.props import props_of
from dance_core.stage.rasterizer import draw_triangles, mark_triangles, vertex_normals
from dance_core.stage.rotations import Array
from dance_core.stage.scenes import Scene, scene_of
from dance_core.stage.shapes import Mesh, joined

_SEEN_WITHIN = 0.14  # metres a keypoint may lie behind the surface that shows it
_FADE_DISTANCE = 45.0
_SENSOR_NOISE = 0.8


@dataclass(frozen=True)
class RenderedClip:
    """Pictures and truth of a clip.

    Attributes:
        frames: RGB, uint8, shape (n, 240, 320, 3).
        keypoints: COCO keypoints as x, y in pixels of the picture, shape (n, 17, 2).
        visible: Whether each keypoint lies in the picture and is not hidden, shape (n, 17).
        person_height: Height of the person in the picture in pixels, shape (n,).
        margin: Smallest distance of the person from the picture's border in pixels, shape (n,); negative outside.
        facts: Parameters of the clip for the truth table.
    """

    frames: NDArray[np.uint8]
    keypoints: Array
    visible: NDArray[np.bool_]
    person_height: Array
    margin: Array
    facts: dict[str, float | str]


@dataclass(frozen=True)
class _Stage:
    """Everything that the frames of one clip share."""

    body: BodyModel
    outfit: Outfit
    posed: Posed
    scene: Scene
    props: Mesh | None
    prop_normals: Array | None
    camera: Camera
    still: tuple[NDArray[np.float32], NDArray[np.uint8]] | None  # the backdrop of a camera that stands still


_Shot = tuple[NDArray[np.uint8], Array, NDArray[np.bool_], Array]


def render_clip(clip: Clip, body: BodyModel) -> RenderedClip:
    """Render a clip.

    Args:
        clip: What to show.
        body: The body model.

    Returns:
        Pictures and truth; the same for the same clip.
    """
    person = clip.random_stream("person")
    shape = phenotype(person)
    rest = body.rest(shape)
    outfit = dress(body, rest, person)
    motion = motion_of(clip, rest.build())
    posed = body.pose(shape, rest, motion, FRAMES_PER_SECOND)
    extents = np.stack([posed.vertices[..., 2].min(1), posed.vertices[..., 2].max(1)], axis=-1)
    camera = camera_for(extents, posed.path, clip.random_stream("camera"))
    props = props_of(clip, posed.path, motion.yaw)
    scene = scene_of(clip.scene, clip.random_stream("scene"))
    still = None if camera.follow else _backdrop(scene, camera.view(posed.path[0]))
    mesh = joined(props) if props else None
    normals = vertex_normals(mesh.vertices, mesh.faces) if mesh else None
    stage = _Stage(body, outfit, posed, scene, mesh, normals, camera, still)
    sensor = clip.random_stream("sensor")
    shots = [_shoot(stage, index, sensor) for index in range(clip.n_frames)]
    frames, keypoints, visible, boxes = (np.stack(part) for part in zip(*shots, strict=True))
    margin = np.minimum(boxes[:, :2], np.array([WIDTH, HEIGHT]) - boxes[:, 2:]).min(1)
    return RenderedClip(frames, keypoints, visible, boxes[:, 3] - boxes[:, 1], margin, _facts(clip, motion, posed))


def _shoot(
    stage: _Stage, index: int, sensor: np.random.Generator
) -> tuple[NDArray[np.uint8], Array, NDArray[np.bool_], Array]:
    """Render one frame: picture, keypoints, their visibility, and the person's box as left, top, right, bottom."""
    view = stage.camera.view(stage.posed.path[index])
    skin = stage.posed.vertices[index]
    normals = vertex_normals(skin, stage.body.faces)
    surface = skin + normals * stage.outfit.thickness[:, None]
    image, floor = (stage.still[0].copy(), stage.still[1]) if stage.still else _backdrop(stage.scene, view)
    _cast_shadows(image, floor, view, stage, surface)
    depth = np.full(floor.shape, 1e9)
    points = view.project(surface)
    light, ambient = stage.camera.light, stage.scene.ambient
    draw_triangles(points, stage.body.faces, stage.outfit.colours, normals, image, depth, light, ambient)
    if stage.props is not None:
        mesh = stage.props
        points_of_prop = view.project(mesh.vertices)
        draw_triangles(points_of_prop, mesh.faces, mesh.colours, stage.prop_normals, image, depth, light, ambient)
    joints = view.project(stage.posed.keypoints[index])
    box = np.concatenate([points[:, :2].min(0), points[:, :2].max(0)]) / SUPERSAMPLING
    return _developed(image, sensor), joints[:, :2] / SUPERSAMPLING, _seen(joints, depth), box


def _backdrop(scene: Scene, view: View) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    shape = (HEIGHT * SUPERSAMPLING, WIDTH * SUPERSAMPLING)
    image, floor = np.empty((*shape, 3), dtype=np.float32), np.empty(shape, dtype=np.uint8)
    camera = (view.rotation, view.position, view.focal)
    paint_ground(image, floor, *camera, scene.ground, scene.ground_scale, scene.sky, _FADE_DISTANCE)
    for layer in scene.layers:
        paint_contact(image, floor, *camera, layer.contact, layer.away, layer.scale)
    for layer in scene.layers:
        paint_layer(image, floor, *camera, layer.texture, layer.away, layer.scale)
    return image, floor


def _cast_shadows(
    image: NDArray[np.float32], floor: NDArray[np.uint8], view: View, stage: _Stage, surface: Array
) -> None:
    """Darken the ground under the person and the props, with a soft edge, in place."""
    cv2: Any = require("cv2")
    light = stage.camera.light
    mask = np.zeros_like(floor)
    # Every other triangle of the fine body mesh covers the same pixels once the edge is blurred.
    casters = [(surface, stage.body.faces[::2])]
    if stage.props is not None:
        casters.append((stage.props.vertices, stage.props.faces))
    for vertices, faces in casters:
        flat = vertices - vertices[:, 2:] / light[2] * light
        mark_triangles(view.project(flat), faces, mask)
    soft = cv2.GaussianBlur((mask & floor).astype(np.float32), (0, 0), 3.0)
    image *= 1.0 - 0.5 * soft[..., None]


def _developed(image: NDArray[np.float32], sensor: np.random.Generator) -> NDArray[np.uint8]:
    cv2: Any = require("cv2")
    small = cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    noisy = small + sensor.normal(0.0, _SENSOR_NOISE, small.shape[:2])[..., None]
    return np.clip(np.round(noisy), 0.0, 255.0).astype(np.uint8)


def _seen(joints: Array, depth: Array) -> NDArray[np.bool_]:
    rows, columns = depth.shape
    column, row = np.floor(joints[:, 0]).astype(int), np.floor(joints[:, 1]).astype(int)
    inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    surface = depth[np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)]
    return inside & (joints[:, 2] < surface + _SEEN_WITHIN)


def _facts(clip: Clip, motion: Motion, posed: Posed) -> dict[str, float | str]:
    seconds = (clip.n_frames - 1) / FRAMES_PER_SECOND
    way = posed.path[-1] - posed.path[0]
    facing = "front" if abs(motion.yaw) < 45.0 else ("right" if motion.yaw > 0 else "left")
    return {
        **motion.facts,
        "speed_m_s": float(np.linalg.norm(way) / seconds) if clip.action in TRAVELLING else 0.0,
        "facing": facing,
        "yaw_degrees": motion.yaw,
        "lean_degrees": float(motion.lean.mean()),
    }
