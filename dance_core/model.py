"""A trained model: everything that a prediction and its explanation need, in one folder without code."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import softmax

from dance_core.clips import class_indices, class_names
from dance_core.concept_layer import ConceptLayer
from dance_core.concept_names import forget_names, named_concepts
from dance_core.model_folder import CONCEPT_PARTS, read_model_files, write_model_files
from dance_core.sparse_classifier import SagaSettings, SparseClassifier, fit_sparse_classifier
from dance_core.tables import rows_of

ARRAYS = ("feature_mean", "feature_std", "concept_weight", "z_mean", "z_std", "weight", "bias")


@dataclass(frozen=True)
class Concept:
    """One column of the classifier.

    Attributes:
        family: motion, object or scene.
        id: Id within the family.
        name: What people read.
        extra: Anything else worth showing, plain JSON values.
    """

    family: str
    id: int
    name: str
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """Concept layer and sparse classifier: logits = W z + b with z = ((x - m) / s @ V.T - z_mean) / z_std.

    Attributes:
        feature_mean: m, shape (D,).
        feature_std: s, shape (D,).
        concept_weight: V, families below each other, shape (M, D).
        z_mean: Shape (M,).
        z_std: Shape (M,).
        weight: W, shape (K, M).
        bias: b, shape (K,).
        classes: K class names.
        concepts: M concepts, in the order of the columns of W.
        encoders: Name, sha256 and settings of the encoders that the features come from.
        settings: The configuration that the model was trained with.
        certificate: lam, alpha, l1, l2, objective, kkt_residual, gap, converged and iterations of the classifier.
        versions: Versions of the software that trained it.

    Raises:
        ValueError: The shapes do not fit each other, or a number is not finite.
    """

    feature_mean: np.ndarray
    feature_std: np.ndarray
    concept_weight: np.ndarray
    z_mean: np.ndarray
    z_std: np.ndarray
    weight: np.ndarray
    bias: np.ndarray
    classes: tuple[str, ...]
    concepts: tuple[Concept, ...]
    encoders: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    certificate: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n_classes, n_concepts, width = len(self.classes), len(self.concepts), self.feature_mean.size
        expected = ((width,), (width,), (n_concepts, width), (n_concepts,), (n_concepts,), (n_classes, n_concepts))
        for name, shape in zip(ARRAYS, (*expected, (n_classes,)), strict=True):
            found = getattr(self, name)
            if found.shape != shape:
                raise ValueError(
                    f"model: {name} has shape {found.shape}; {n_classes} classes, {n_concepts} concepts and {width} "
                    f"features need {shape}; train it again"
                )
            if not np.isfinite(found).all():
                raise ValueError(f"model: {name} has values that are not finite; train it again")
        for name in ("feature_std", "z_std"):
            if (getattr(self, name) <= 0).any():
                raise ValueError(
                    f"model: {name} has values of 0 or below, by which nothing can be divided; train it again"
                )

    @property
    def families(self) -> np.ndarray:
        """Family of each concept, shape (M,)."""
        return np.array([concept.family for concept in self.concepts], dtype=object)

    def concept_activations(self, features: np.ndarray) -> np.ndarray:
        """Return the standardised concept activations z.

        Args:
            features: Backbone features, shape (n, D).

        Returns:
            Shape (n, M), float64.

        Raises:
            ValueError: The features have another width, or are not finite.
        """
        features = np.asarray(features, np.float64)
        if features.ndim != 2 or features.shape[1] != self.feature_mean.size:
            raise ValueError(
                f"features have shape {features.shape} but the model expects (n, {self.feature_mean.size}); "
                "both must come from the same backbone"
            )
        if not np.isfinite(features).all():
            row = int(np.argmin(np.isfinite(features).all(axis=1)))
            raise ValueError(f"features: row {row} has values that are not finite; rebuild the features of this clip")
        activations = ((features - self.feature_mean) / self.feature_std) @ self.concept_weight.T
        return (activations - self.z_mean) / self.z_std

    def class_scores(self, z: np.ndarray) -> np.ndarray:
        """Return the logits of concept activations of shape (n, M), shape (n, K)."""
        return z @ self.weight.T + self.bias

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Return the logits of backbone features; see `predict`.

        Args:
            features: Shape (n, D).

        Returns:
            Shape (n, K).
        """
        return self.class_scores(self.concept_activations(features))

    def predict(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return class probabilities and logits.

        Args:
            features: Backbone features, shape (n, D).

        Returns:
            Probabilities, shape (n, K); logits, shape (n, K).

        Raises:
            ValueError: The features have another width, or are not finite.
        """
        logits = self.logits(features)
        return softmax(logits, axis=1), logits

    def explain(self, video: str | Path, weights: str | Path = "weights") -> Any:
        """Explain a new video; `dance_core.new_video.explain_videos` loads the encoders once for many.

        Args:
            video: Video file.
            weights: Folder of the fetched weights.

        Returns:
            A `dance_core.new_video.Explanation`; what it raises is said there.
        """
        # Not an import statement: stages that read a model neither load networks nor run again when a decoder changes.
        return import_module("dance_core.new_video").explain_video(self, video, weights)

    def save(self, folder: str | Path) -> None:
        """Write model.safetensors and model.json; names that lie there are of another model and go.

        Args:
            folder: Where to; it is made.
        """
        forget_names(folder)
        names = ("classes", "encoders", "settings", "certificate", "versions")
        parts = {name: getattr(self, name) for name in names}
        parts["concepts"] = [vars(concept) for concept in self.concepts]
        write_model_files(folder, {name: getattr(self, name) for name in ARRAYS}, parts)

    @classmethod
    def load(cls, folder: str | Path, named: bool = True) -> "Model":
        """Read a model that `save` wrote.

        Args:
            folder: Its folder.
            named: Whether its concepts have the names that were given after training; see `concept_names`.

        Returns:
            The model, bit for bit.

        Raises:
            ValueError: A file is absent or damaged, the format is unknown, or the parts do not fit each other.
        """
        tensors, document = read_model_files(folder, ARRAYS)
        entries = named_concepts(document["concepts"], folder) if named else document["concepts"]
        return cls(
            **tensors,
            classes=tuple(document["classes"]),
            concepts=tuple(Concept(**{key: entry[key] for key in CONCEPT_PARTS}) for entry in entries),
            **{name: document[name] for name in ("encoders", "settings", "certificate", "versions")},
        )


def fit_model(
    layer: ConceptLayer,
    manifest: pd.DataFrame,
    lam: float = 7e-4,
    alpha: float = 0.99,
    tolerance: float = 1e-6,
    solver: str = "newton",
    device: str = "cpu",
    saga: Mapping[str, Any] | None = None,
    seed: int = 0,
    extra: Mapping[tuple[str, int], dict[str, Any]] | None = None,
) -> Model:
    """Fit the sparse classifier on a concept layer and put the model together.

    Args:
        layer: Fitted concept layers.
        manifest: clip_id, label, split, status; the classes are the labels of the usable train clips.
        lam: Strength of the classifier's penalty.
        alpha: Share of its L1 part.
        tolerance: Largest KKT residual that counts as converged.
        solver: "newton" or "saga", see `fit_sparse_classifier`.
        device: Where newton's products are made.
        saga: Fields of `SagaSettings`.
        seed: Seed of saga.
        extra: What else to keep of a concept, by family and id.

    Returns:
        The model, with what it was trained on in its settings; `dataclasses.replace` adds encoders, the other settings
        and versions.

    Raises:
        ValueError: A train clip has no label, or all have the same.
    """
    classes = class_names(manifest)
    rows = rows_of(manifest, layer.train_clips, "manifest")
    y = class_indices(rows["label"], classes, "manifest")
    classifier = fit_sparse_classifier(
        layer.train_activations,
        y,
        lam,
        alpha,
        n_classes=len(classes),
        tolerance=tolerance,
        solver=solver,
        saga=SagaSettings(**(saga or {}), seed=seed),
        device=device,
    )
    training = {"clips": len(rows), "splits": sorted(set(rows["split"])), "seed": seed, "solver": solver}
    return replace(assemble_model(layer, classifier, classes, extra), settings={"training": training})


def assemble_model(
    layer: ConceptLayer,
    classifier: SparseClassifier,
    classes: tuple[str, ...],
    extra: Mapping[tuple[str, int], dict[str, Any]] | None = None,
) -> Model:
    """Put a concept layer and a classifier together.

    Args:
        layer: Fitted concept layers.
        classifier: Classifier fitted on `layer.train_activations`.
        classes: Class names, in the order of the rows of the weights.
        extra: What else to keep of a concept, by family and id.

    Returns:
        The model.
    """
    families = layer.families.items()
    concepts = [
        Concept(name, concept, label, dict((extra or {}).get((name, concept), {})))
        for name, family in families
        for concept, label in zip(family.ids, family.names, strict=True)
    ]
    record = ("lam", "alpha", "l1", "l2", "objective", "kkt_residual", "gap", "converged", "iterations")
    return Model(
        feature_mean=layer.feature_mean,
        feature_std=layer.feature_std,
        concept_weight=np.vstack([family.weight for _, family in families]),
        z_mean=np.concatenate([family.mean for _, family in families]),
        z_std=np.concatenate([family.std for _, family in families]),
        weight=classifier.weight,
        bias=classifier.bias,
        classes=classes,
        concepts=tuple(concepts),
        certificate={key: getattr(classifier, key) for key in record},
    )
