"""From video files to their explanations, by the functions of the pipeline's own stages."""

import logging
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pandas as pd

from dance_core.backbones import load_backbone
from dance_core.devices import pick_device
from dance_core.model import Model
from dance_core.networks.clip_batches import batch_size as clips_at_once
from dance_core.networks.clip_batches import embedded
from dance_core.networks.clip_frames import Clip, feature_table
from dance_core.new_video.encoders import backbone_settings, pose_settings
from dance_core.new_video.explanation import Explanation, explanation
from dance_core.poses import POSES_SCHEMA, PoseEstimator, PoseSettings, estimate_poses, pose_estimator
from dance_core.video import ClipProbe, UnreadableVideo, probe_clip

_log = logging.getLogger(__name__)

# What a damaged or outsized video can make the decoder, the estimator or the backbone raise.
FAULTS = (ValueError, OSError, RuntimeError, MemoryError, av.FFmpegError, cv2.error)


@dataclass(frozen=True, eq=False)
class Looked:
    """A video that was decoded: what it is, who is in it, and what the backbone sees of it."""

    path: Path
    probe: ClipProbe
    poses: pd.DataFrame
    quality: dict[str, Any]
    inputs: np.ndarray


class Explainer:
    """A model with its encoders, loaded once for any number of videos.

    Args:
        model: A trained model.
        weights: Folder of the fetched weights.
        device: Where networks run, in place of what the model was trained with: "auto", "cpu", "cuda" or "mps".
        batch_size: Videos that the backbone takes at once; by default 1 on a CPU and 16 on a GPU.

    Raises:
        ValueError: The model does not say how its features are made, they cannot be made of a video, or weights are
            absent or not those that the model was trained with.
    """

    def __init__(
        self,
        model: Model,
        weights: str | Path = "weights",
        device: str | None = None,
        batch_size: int | None = None,
    ) -> None:
        self.model = model
        settings = backbone_settings(model, weights, device)
        self._decoder, self._frames = settings.decoder, settings.span
        # Not the one in the settings: what suited the machine of the training says nothing of this one.
        self._batch_size, self._device = batch_size, settings.device
        self._poses = pose_settings(model, weights, device)
        self._backbone = load_backbone(settings)
        self._estimator = None if self._poses is None else _estimator(self._poses)

    def explain(self, path: str | Path) -> Explanation:
        """Explain one video; what it gives does not depend on the videos before it.

        Args:
            path: Video file.

        Returns:
            What the model says, and why; a damaged video is explained from the frames it has, with a warning.

        Raises:
            ValueError: No frame of the video can be read.
        """
        return self._explanations([self._look(Path(path))])[0]

    def explain_many(self, paths: Iterable[str | Path]) -> Iterator[Explanation | ValueError]:
        """Explain many videos; the next is decoded while the network and the caller are busy with those before it.

        Args:
            paths: Video files.

        Yields:
            In the order of the paths, an explanation, or the error of a video that cannot be explained.
        """
        videos = [Path(path) for path in paths]
        size = min(clips_at_once(self._batch_size, pick_device(self._device)), max(len(videos), 1))
        results = self._ahead(videos, size)
        while batch := list(islice(results, size)):
            good = [entry for entry in batch if isinstance(entry, Looked)]
            found = iter(self._without_loss(good, size))
            yield from (next(found) if isinstance(entry, Looked) else entry for entry in batch)

    def _ahead(self, videos: list[Path], ahead: int) -> Iterator[Looked | ValueError]:
        """Look at videos in another thread, some ahead of the one that is asked for."""
        waiting: deque[Future[Looked | ValueError]] = deque()
        # One thread alone: an estimator follows people through one video at a time.
        with ThreadPoolExecutor(1) as thread:
            try:
                for video in videos:
                    waiting.append(thread.submit(self._attempt, video))
                    if len(waiting) > ahead:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def _attempt(self, path: Path) -> Looked | ValueError:
        """Look at a video, or say why that cannot be done."""
        try:
            return self._look(path)
        except FAULTS as error:
            return named_error(path, error)

    def _without_loss(self, looked: list[Looked], size: int) -> list[Explanation | ValueError]:
        """Explain a batch; where it fails, one by one, so that only those at fault are lost."""
        try:
            return list(self._explanations(looked, size))
        except FAULTS as error:
            if len(looked) == 1:
                return [named_error(looked[0].path, error)]
            return [result for entry in looked for result in self._without_loss([entry], 1)]

    def _explanations(self, looked: list[Looked], size: int = 1) -> list[Explanation]:
        """Put videos through the backbone together, and explain what it gives."""
        rows = embedded(lambda inputs: inputs, ((entry.inputs,) for entry in looked), self._backbone.features, size)
        return [
            explanation(
                self.model,
                entry.path,
                feature_table([(entry.path.stem, features)]),
                entry.probe,
                entry.poses,
                entry.quality,
                self._frames,
            )
            for entry, features in zip(looked, rows, strict=True)
        ]

    def _look(self, path: Path) -> Looked:
        """Decode a video: what it is, who is in it, and what the backbone sees of it."""
        if path.exists() and not os.access(path, os.R_OK):
            raise ValueError(f"{path}: you have no permission to read it; change that, or give a copy of your own")
        probe = probe_clip(path)
        if not probe.n_frames:
            cure = ", or the folder to the command predict" if path.is_dir() else ""
            raise ValueError(f"{path}: {probe.reason}; give a video that can be played{cure}")
        poses, quality = self._person(path, probe)
        clip = Clip(path.stem, path, probe.n_frames, probe.fps, self._decoder)
        return Looked(path, probe, poses, quality, self._backbone.prepare(clip, poses))

    def _person(self, path: Path, probe: ClipProbe) -> tuple[pd.DataFrame, dict[str, Any]]:
        """Find the main person: rows of poses and the row of their quality, which is empty without an estimator."""
        if self._poses is None:
            return pd.DataFrame(columns=POSES_SCHEMA.names), {}
        row = pd.DataFrame([{"clip_id": path.stem, "path": path.name, **vars(probe)}])
        poses, quality = estimate_poses(row, path.parent, self._poses, self._estimator)
        return poses, {str(name): value for name, value in quality.iloc[0].to_dict().items()}


def _estimator(settings: PoseSettings) -> PoseEstimator:
    """Make the pose estimator, on the processor where it has no way to the device that the backbone runs on."""
    try:
        return pose_estimator(settings)
    except ValueError as error:
        if settings.device == "cpu":
            raise
        made = pose_estimator(replace(settings, device="cpu"))
        _log.warning("%s; poses are estimated on the processor", str(error).split(";", 1)[0])
        return made


def named_error(path: Path, error: Exception) -> ValueError:
    """Give what a video caused as an error that names it.

    Args:
        path: The video.
        error: One of `FAULTS`.

    Returns:
        The error itself where it is a sentence for people already.
    """
    if isinstance(error, ValueError) and type(error) in (ValueError, UnreadableVideo):
        return error
    return ValueError(f"{path}: {str(error) or type(error).__name__}; the other videos are not concerned")
