"""A camera that follows a person, and the light of a clip."""

from dataclasses import dataclass

import numpy as np

from dance_core.stage.rotations import Array, unit

WIDTH, HEIGHT = 320, 240
SUPERSAMPLING = 2

_LOWEST_PERSON = 123.0  # pixels


@dataclass(frozen=True)
class View:
    """Camera of one frame.

    Attributes:
        rotation: Rows right, up and forward in the world, shape (3, 3).
        position: Metres, shape (3,).
        focal: Focal length in supersampled pixels.
    """

    rotation: Array
    position: Array
    focal: float

    def project(self, points: Array) -> Array:
        """Project points of the world.

        Args:
            points: Metres, shape (n, 3).

        Returns:
            Column and row in supersampled pixels and depth in metres, shape (n, 3).
        """
        local = (points - self.position) @ self.rotation.T
        depth = np.maximum(local[:, 2], 0.05)
        column = 0.5 * WIDTH * SUPERSAMPLING + self.focal * local[:, 0] / depth
        row = 0.5 * HEIGHT * SUPERSAMPLING - self.focal * local[:, 1] / depth
        return np.column_stack([column, row, local[:, 2]])


@dataclass(frozen=True)
class Camera:
    """How a clip is filmed; see `camera_for`."""

    focal: float
    distance: float
    height: float
    aim: float
    aside: float
    lead: float
    follow: float
    light: Array

    def view(self, place: Array) -> View:
        """Look at the person.

        Args:
            place: Place of the person on the ground in this frame, shape (3,).

        Returns:
            The camera of this frame: it rides along for most of the person's way, a little ahead of a person who
            travels, so that the face is seen.
        """
        along = self.follow * float(place[0])
        position = np.array([along + self.aside + self.lead, -self.distance, self.height])
        forward = unit(np.array([along + 0.6 * self.aside, 0.0, self.aim]) - position)
        right = unit(np.cross(forward, [0.0, 0.0, 1.0]))
        return View(np.stack([right, np.cross(right, forward), forward]), position, self.focal)


def camera_for(extents: Array, path: Array, rng: np.random.Generator) -> Camera:
    """Choose a camera that shows the whole person, hardly ever lower than 118 pixels and mostly 130 to 160.

    Args:
        extents: Lowest and highest point of the person in every frame, metres, shape (n, 2).
        path: Way of the person on the ground, shape (n, 3).
        rng: Random stream of the camera.

    Returns:
        The camera.
    """
    heights = extents[:, 1] - extents[:, 0]
    focal = HEIGHT * rng.uniform(1.25, 1.55)
    wanted = rng.uniform(136.0, 160.0)
    far_enough = focal * np.median(heights) / wanted
    near_enough = (focal * heights / _LOWEST_PERSON - path[:, 1]).min()
    travel = float(path[:, 0].max() - path[:, 0].min())
    drift = rng.uniform(0.0, 0.4)
    follow = 1.0 - min(1.0, 2.0 * drift / travel) if travel > 0.5 else 0.0
    light = unit(np.array([rng.uniform(-0.75, 0.75), -rng.uniform(0.6, 0.9), rng.uniform(0.6, 1.0)]))
    return Camera(
        focal=focal * SUPERSAMPLING,
        distance=float(min(far_enough, near_enough)),
        height=rng.uniform(1.0, 1.45),
        aim=0.5 * np.median(heights) + 0.35 * np.ptp(extents[:, 1]) + rng.uniform(-0.03, 0.06),
        aside=rng.uniform(-0.25, 0.25),
        lead=float(np.sign(path[-1, 0] - path[0, 0]) * rng.uniform(0.8, 1.5)) if travel > 0.5 else 0.0,
        follow=follow,
        light=light,
    )
