"""What a model says of one new video, and why."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dance_core.explain import clip_contributions
from dance_core.model import Model
from dance_core.video import ClipProbe

COLUMNS = ("concept", "family", "name", "z", "weight", "contribution")


@dataclass(frozen=True, eq=False)
class Explanation:
    """A prediction as an exact sum: the logit of the predicted class is its bias plus all contributions.

    Attributes:
        path: The video.
        classes: K class names.
        probabilities: Shape (K,).
        logits: Shape (K,).
        z: Standardised concept activations, shape (M,).
        bias: Bias of the predicted class.
        contributions: The concepts with a weight for the predicted class, largest contribution first: concept (column
            of the weights), family, name, z, weight, contribution.
        probe: What the video is: frames, rate, size, damage.
        poses: Poses of the main person: frame, bbox, keypoints; empty where nobody was seen or nobody was looked for.
        quality: Row of pose_quality: n_sampled, n_seen, seen, confidence, people; empty where nobody was looked for.
        warnings: Sentences about what makes the prediction less sure.
    """

    path: Path
    classes: tuple[str, ...]
    probabilities: np.ndarray
    logits: np.ndarray
    z: np.ndarray
    bias: float
    contributions: pd.DataFrame
    probe: ClipProbe
    poses: pd.DataFrame
    quality: dict[str, Any]
    warnings: tuple[str, ...]

    @property
    def predicted(self) -> str:
        """Name of the class with the largest logit."""
        return self.classes[int(self.logits.argmax())]

    @property
    def probability(self) -> float:
        """Probability of the predicted class."""
        return float(self.probabilities[self.logits.argmax()])

    def document(self) -> dict[str, Any]:
        """Give the explanation as plain values.

        Returns:
            video, predicted, probability, probabilities and logits by class, bias, contributions, quality, warnings.
        """
        found = {name: self.quality.get(name) for name in ("n_sampled", "n_seen", "seen", "confidence", "people")}
        return {
            "video": str(self.path),
            "predicted": self.predicted,
            "probability": self.probability,
            "probabilities": dict(zip(self.classes, self.probabilities.tolist(), strict=True)),
            "logits": dict(zip(self.classes, self.logits.tolist(), strict=True)),
            "bias": self.bias,
            "contributions": self.contributions.to_dict("records"),
            "quality": {**vars(self.probe), "person": found if self.quality else None},
            "warnings": list(self.warnings),
        }


def explanation(
    model: Model,
    path: Path,
    features: pd.DataFrame,
    probe: ClipProbe,
    poses: pd.DataFrame,
    quality: dict[str, Any],
    frames: int = 1,
) -> Explanation:
    """Explain the features of one video.

    Args:
        model: A trained model.
        path: The video.
        features: One row: clip_id, features.
        probe: What the video is.
        poses: Poses of the main person.
        quality: Row of pose_quality; empty where nobody was looked for.
        frames: Frames that a video must have for the backbone.

    Returns:
        The explanation.

    Raises:
        ValueError: The features have another width than the model's.
    """
    values = np.stack(list(features["features"]))
    probabilities, logits = model.predict(values)
    unlabelled = pd.DataFrame({"clip_id": features["clip_id"], "label": "", "split": "new"})
    z = model.concept_activations(values)
    table = clip_contributions(model, z, unlabelled)
    table = table.sort_values("contribution", key=lambda column: -column.abs(), kind="stable", ignore_index=True)
    return Explanation(
        path=path,
        classes=model.classes,
        probabilities=probabilities[0],
        logits=logits[0],
        z=z[0],
        bias=float(model.bias[logits[0].argmax()]),
        contributions=table[list(COLUMNS)],
        probe=probe,
        poses=poses,
        quality=quality,
        warnings=tuple(warnings_about(probe, quality, frames)),
    )


def warnings_about(probe: ClipProbe, quality: dict[str, Any], frames: int) -> list[str]:
    """Say what makes a prediction less sure: damage, too few frames, nobody seen, or seen in less than half of them."""
    found = [probe.reason] if probe.reason else []
    if probe.n_frames < frames:
        found.append(
            f"the backbone needs {frames} frames but the video has {probe.n_frames}; the nearest stand in for others"
        )
    if quality and not quality["n_seen"]:
        found.append(f"{quality['reason']}; the middle of the picture was looked at in their place")
    elif quality and quality["seen"] < 0.5:
        found.append(f"the person was seen in {quality['n_seen']} of the {quality['n_sampled']} sampled frames only")
    return found
