"""From a video file to its explanation, by the functions of the pipeline's own stages."""

from pathlib import Path
from typing import Any

import pandas as pd

from dance_core.backbones import load_backbone
from dance_core.model import Model
from dance_core.networks.clip_frames import Clip, feature_table
from dance_core.new_video.encoders import backbone_settings, pose_settings
from dance_core.new_video.explanation import Explanation, explanation
from dance_core.poses import POSES_SCHEMA, estimate_poses, pose_estimator
from dance_core.video import ClipProbe, probe_clip


class Explainer:
    """A model with its encoders, loaded once for any number of videos.

    Args:
        model: A trained model.
        weights: Folder of the fetched weights.
        device: Where networks run, in place of what the model was trained with: "auto", "cpu", "cuda" or "mps".

    Raises:
        ValueError: The model does not say how its features are made, they cannot be made of a video, or weights are
            absent or not those that the model was trained with.
    """

    def __init__(self, model: Model, weights: str | Path = "weights", device: str | None = None) -> None:
        self.model = model
        settings = backbone_settings(model, weights, device)
        self._decoder, self._frames = settings.decoder, settings.frames
        self._poses = pose_settings(model, weights, device)
        self._backbone = load_backbone(settings)
        self._estimator = None if self._poses is None else pose_estimator(self._poses)

    def explain(self, path: str | Path) -> Explanation:
        """Explain one video; what it gives does not depend on the videos before it.

        Args:
            path: Video file.

        Returns:
            What the model says, and why; a damaged video is explained from the frames it has, with a warning.

        Raises:
            ValueError: No frame of the video can be read.
        """
        path = Path(path)
        probe = probe_clip(path)
        if not probe.n_frames:
            raise ValueError(f"{path}: {probe.reason}; give a video that can be played")
        poses, quality = self._person(path, probe)
        clip = Clip(path.stem, path, probe.n_frames, probe.fps, self._decoder)
        features = feature_table([(clip.clip_id, self._backbone.features(self._backbone.prepare(clip, poses)[None])[0])])
        return explanation(self.model, path, features, probe, poses, quality, self._frames)

    def _person(self, path: Path, probe: ClipProbe) -> tuple[pd.DataFrame, dict[str, Any]]:
        """Find the main person: rows of poses and the row of their quality, which is empty without an estimator."""
        if self._poses is None:
            return pd.DataFrame(columns=POSES_SCHEMA.names), {}
        row = pd.DataFrame([{"clip_id": path.stem, "path": path.name, **vars(probe)}])
        poses, quality = estimate_poses(row, path.parent, self._poses, self._estimator)
        return poses, {str(name): value for name, value in quality.iloc[0].to_dict().items()}
