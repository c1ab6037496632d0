"""Small makers of people and clips for the tests of poses."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pandas as pd

from dance_core.poses.person import Person

REPOSITORY = Path(__file__).parents[3]
SHARED = REPOSITORY.parent / "shared"
YOGA = SHARED / "real" / "yoga"
PENN = SHARED / "real" / "penn_action" / "labels"
MOVENET = SHARED / "real" / "weights" / "movenet_lightning_int8" / "movenet_single_pose_lightning_ptq.tflite"
WEIGHTS = REPOSITORY / "weights"


def person(x: float, y: float, side: float = 100, identity: int | None = None, confidence: float = 1.0) -> Person:
    """A person in a square box with all key points in its middle."""
    keypoints = np.tile(np.array([x, y, confidence], np.float32), (17, 1))
    box = np.array([x - side / 2, y - side / 2, x + side / 2, y + side / 2], np.float32)
    return Person(keypoints, box, 0.9, identity)


def clip(**columns: Any) -> SimpleNamespace:
    """A row of the manifest."""
    usual = {"clip_id": "a", "path": "a.mp4", "n_frames": 3, "fps": 25.0, "width": 640, "height": 480, "status": "ok"}
    return SimpleNamespace(**(usual | columns))


def manifest(*clips: SimpleNamespace) -> pd.DataFrame:
    """Rows of the manifest."""
    return pd.DataFrame([vars(row) for row in clips])


def write_video(path: Path, n_frames: int, width: int = 64, height: int = 48) -> None:
    """Write a grey clip of 25 frames a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(n_frames):
            picture = np.full((height, width, 3), 40 + 5 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
