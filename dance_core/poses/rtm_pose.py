"""RTMPose and RTMO body models through rtmlib: a detector and a pose model for each person, or both in one network.

The package is an optional extra (Apache-2.0). The models are the user's own files, or fetched by the package when
asked to.

Source:
    Jiang et al., RTMPose: Real-Time Multi-Person Pose Estimation based on MMPose, 2023, arXiv 2303.07399;
    Lu et al., RTMO: Towards High-Performance One-Stage Real-Time Multi-Person Pose Estimation, CVPR 2024.
"""

import io
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from dance_core.poses.model_files import expect_file, model_path
from dance_core.poses.person import Person, box_around
from dance_core.poses.skeleton import KEYPOINTS
from dance_core.poses.yolo_networks import loaded, onnx_session

PERSON_CLASS = 0
# The models that the package publishes, by size: a detector and a pose model, or both in one network (RTMO).
SIZES = ("lightweight", "balanced", "performance")
PUBLISHED = (*SIZES, *(f"rtmo-{size}" for size in SIZES))
DEFAULT_MODEL = "balanced"
# COCO, Halpe with feet, COCO whole body: the COCO key points are the first 17 of each.
LAYOUTS = (17, 26, 133)
# A detector that has suppressed double boxes itself gives corners and score, and people only.
SUPPRESSED_VALUES = 5


class RtmPose:
    """Finds all people of each frame; who is who over the frames is left to `link_people`.

    Args:
        weights: Folder of the fetched weights; the package's models go to `rtmlib` in it.
        model: An .onnx file of RTMPose or RTMO, or one of `PUBLISHED`; None for `DEFAULT_MODEL`.
        detector: An .onnx file of YOLOX, for an RTMPose file.
        device: cpu, or cuda:0 for a GPU.
        download: Whether the package may fetch a model that it publishes.

    Raises:
        ValueError: The package or a model is absent, or a model is of another kind.
    """

    name = "rtmlib"
    reads_video = True

    def __init__(
        self,
        weights: str | Path,
        model: str | Path | None = None,
        detector: str | Path | None = None,
        device: str = "cpu",
        download: bool = False,
    ) -> None:
        try:
            import rtmlib
        except ImportError as error:
            raise ValueError(
                f"poses: package 'rtmlib' cannot be imported ({error}); "
                "run 'pip install --no-deps rtmlib==0.0.16 tqdm' or set poses.estimator: blazepose"
            ) from error
        cv2.setNumThreads(1)  # a job has one core
        if (name := str(model or DEFAULT_MODEL)) in PUBLISHED:
            files = [published_file(url, Path(weights) / "rtmlib", download) for url in _addresses(rtmlib, name)]
        else:
            files = [model_path(weights, place, DEFAULT_MODEL) for place in (model, detector) if place is not None]
        self._pose, self._is_one_step = _pose_model(rtmlib, files[0], device)
        if len(files) == 1 and not self._is_one_step:
            raise ValueError(
                f"poses: model '{files[0]}' looks at one person and has to be told where; "
                "set poses.detector to a YOLOX file, or poses.model to an RTMO file"
            )
        self._detector: Any = None
        if not self._is_one_step:
            self._detector, self._tells_classes = _detector(rtmlib, files[1], device)

    def reset(self, clip: Any = None) -> None:
        """Nothing is kept from one frame to the next."""

    def people(self, frames: Iterable[tuple[int, np.ndarray]]) -> Iterator[list[Person]]:
        """Find the people of each frame; see `PoseEstimator.people`."""
        for _, frame in frames:
            yield self._people_at_once(frame) if self._is_one_step else self._people_one_by_one(frame)

    def _people_at_once(self, frame: np.ndarray) -> list[Person]:
        """Find people with RTMO, which learnt from pictures whose channels are blue, green, red."""
        keypoints = _joined(*self._pose(np.ascontiguousarray(frame[:, :, ::-1])))
        height, width = frame.shape[:2]
        # The package says that there is nobody with one person of zeros.
        found = [points for points in keypoints if points[:, 2].any()]
        return [Person(points, box_around(points[:, :2], width, height), _score(points)) for points in found]

    def _people_one_by_one(self, frame: np.ndarray) -> list[Person]:
        """Find boxes with YOLOX, which learnt from blue, green, red; poses with RTMPose: red, green, blue."""
        boxes = self._detector(np.ascontiguousarray(frame[:, :, ::-1]))
        if self._tells_classes:
            boxes = boxes[0][boxes[1] == PERSON_CLASS]
        if not len(boxes):  # the package would look for a person in the whole picture
            return []
        keypoints = _joined(*self._pose(frame, bboxes=boxes))
        corners = np.asarray(boxes, np.float32)
        return [Person(points, box, _score(points)) for points, box in zip(keypoints, corners, strict=True)]


def published_file(address: str, folder: Path, download: bool) -> Path:
    """Find a model that the package publishes, and have it fetched where that is allowed.

    Args:
        address: Where it is published, a zip file.
        folder: Where it is kept.
        download: Whether it may be fetched.

    Returns:
        The .onnx file.

    Raises:
        ValueError: It is absent and may not or cannot be fetched.
    """
    path = folder / Path(address).with_suffix(".onnx").name
    if not download:
        expect_file(path, "rtmlib")
    if path.exists():
        return path
    from rtmlib.tools.file import download_checkpoint

    folder.mkdir(parents=True, exist_ok=True)
    # Jobs that run side by side fetch it into folders of their own.
    with tempfile.TemporaryDirectory(dir=folder) as own:
        try:
            Path(download_checkpoint(address, dst_dir=own, progress=False)).replace(path)
        except Exception as error:  # of the connection, of the archive
            raise ValueError(
                f"poses: weights '{path.name}' are not at {folder}/ and cannot be downloaded "
                f"({str(error).strip()[:300]}); put the file there or set poses.estimator: blazepose"
            ) from error
    return path


def _addresses(rtmlib: Any, name: str) -> list[str]:
    """Where the package publishes the pose model of a name and, unless that does both, its detector."""
    kind, _, size = name.rpartition("-")
    modes = rtmlib.Body.RTMO_MODE if kind else rtmlib.Body.MODE
    return [modes[size][part] for part in ("pose", "det") if part in modes[size]]


def _pose_model(rtmlib: Any, path: Path, device: str) -> tuple[Any, bool]:
    """Load a pose model; tell also whether it finds the people itself."""
    session = _session(path, device)
    shapes = [output.shape for output in session.get_outputs()]
    ranks = [len(shape) for shape in shapes]
    if ranks not in ([3, 3], [3, 4]):
        raise ValueError(
            f"poses: model '{path}' answers {shapes}; an RTMPose file gives two rows of bins for each key point, "
            "an RTMO file boxes and key points"
        )
    height, width = _input_size(path, session)
    if ranks == [3, 4]:
        return _tool(rtmlib.RTMO, path, session, model_input_size=(height, width)), True
    return _tool(rtmlib.RTMPose, path, session, model_input_size=(width, height)), False


def _detector(rtmlib: Any, path: Path, device: str) -> tuple[Any, bool]:
    """Load a person detector; tell also whether it gives the class of each box."""
    session = _session(path, device)
    tells_classes = session.get_outputs()[0].shape[-1] != SUPPRESSED_VALUES
    mode = "multiclass" if tells_classes else "human"
    size = _input_size(path, session)
    return _tool(rtmlib.YOLOX, path, session, model_input_size=size, det_mode=mode), tells_classes


def _session(path: Path, device: str) -> Any:
    """Load an ONNX file that has to be there."""
    expect_file(path)
    return loaded(path, lambda: onnx_session(path, device))


def _input_size(path: Path, session: Any) -> tuple[int, int]:
    """Height and width in px of what a network takes."""
    *_, height, width = session.get_inputs()[0].shape
    if not (isinstance(height, int) and isinstance(width, int)):
        raise ValueError(
            f"poses: model '{path}' takes pictures of any size, which rtmlib cannot choose; export it for one size"
        )
    return height, width


def _tool(kind: Any, path: Path, session: Any, **options: Any) -> Any:
    """Make one of the package's tools, and have it use one core and the device that was asked for."""
    with redirect_stdout(io.StringIO()):
        tool = kind(str(path), backend="onnxruntime", device="cpu", **options)
    tool.session = session
    return tool


def _joined(points: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Join places, shape (n, k, 2), and scores, (n, k), of key points into those of COCO, (n, 17, 3)."""
    if points.shape[1] not in LAYOUTS:
        raise ValueError(
            f"poses: the rtmlib model gives {points.shape[1]} key points; use a body model of 17 (COCO), "
            "26 (Halpe) or 133 (COCO whole body)"
        )
    both = np.concatenate([points, np.clip(scores, 0, 1)[:, :, None]], axis=2)
    return both[:, : len(KEYPOINTS)].astype(np.float32)


def _score(keypoints: np.ndarray) -> float:
    """How sure a person is: the mean of their key points."""
    return float(keypoints[:, 2].mean())
