"""What the report is made from: the artifacts of one finished run, checked against each other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dance_core.feature_store import FeatureStore
from dance_core.model import Model
from dance_core.report.clip_table import ClipTable


@dataclass(frozen=True)
class ReportSettings:
    """How much the report shows.

    Attributes:
        media_limit: Largest number of clips whose video is put into the report.
        page_limit: Largest number of clips that get an explanation page.
        long_side: Longest side of a video in the report, pixels.
        poster_side: Longest side of a still picture, pixels.
        thumbnails: Top-scoring train clips shown for an object or scene concept.
    """

    media_limit: int = 1000
    page_limit: int = 500
    long_side: int = 480
    poster_side: int = 320
    thumbnails: int = 4


@dataclass(frozen=True)
class ReportInputs:
    """Everything one report shows; what is long and of every clip stays in its files, see `ClipTable`.

    Attributes:
        dataset: Name of the data set.
        source: Folder that the paths of the manifest are relative to.
        manifest: manifest.parquet.
        poses: poses/*.parquet, all shards.
        pose_quality: pose_quality/*.parquet, all shards.
        segments: pose_segments.parquet.
        motion_concepts: motion_concepts/concepts.parquet; with trained_name, description and source where names were
            given.
        partitions: motion_concepts/partitions.parquet.
        concept_set: concepts/concept_set.parquet.
        scores: Pseudo-labels by family (object, scene): clip_id, split, scores.
        score_concepts: Concepts of the columns of `scores` by family: concept, kept, reason, top5.
        concepts: seed{n}/concepts.parquet: every concept of every family, kept or dropped, with the reason.
        concept_layer: seed{n}/concept_layer.json.
        model: seed{n}/model/, loaded.
        features: backbone_features/*.parquet, all shards.
        predictions: seed{n}/predictions.parquet.
        contributions: seed{n}/contributions.parquet.
        metrics: seed{n}/metrics.json.
        config: The configuration that was run.
        versions: Version by package or tool.
        settings: How much is shown.
        comparison: comparison.json, all runs side by side; empty where it was not made.
        path: seed{n}/path.parquet, the classifier at every strength of its penalty; empty where it was not made.
        stability: motion_concepts/stability.json; empty where it was not made.
        usage: What a language model charged by family (object, scene): concepts/{family}_usage.parquet.
    """

    dataset: str
    source: Path
    manifest: pd.DataFrame
    poses: ClipTable
    pose_quality: pd.DataFrame
    segments: ClipTable
    motion_concepts: pd.DataFrame
    partitions: pd.DataFrame
    concept_set: pd.DataFrame
    scores: Mapping[str, ClipTable]
    score_concepts: Mapping[str, pd.DataFrame]
    concepts: pd.DataFrame
    concept_layer: Mapping[str, Any]
    model: Model
    features: FeatureStore
    predictions: ClipTable
    contributions: ClipTable
    metrics: Mapping[str, Any]
    config: Mapping[str, Any]
    versions: Mapping[str, str]
    settings: ReportSettings = field(default_factory=ReportSettings)
    comparison: Mapping[str, Any] = field(default_factory=dict)
    path: pd.DataFrame = field(default_factory=pd.DataFrame)
    stability: Mapping[str, Any] = field(default_factory=dict)
    usage: Mapping[str, pd.DataFrame] = field(default_factory=dict)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the rows of a table as dicts by column; what is not a number is None."""
    return [{str(key): _known(value) for key, value in row.items()} for row in table.to_dict("records")]


def _known(value: Any) -> Any:
    return None if value is pd.NA or (isinstance(value, float) and np.isnan(value)) else value


def check_inputs(inputs: ReportInputs) -> None:
    """Refuse tables that do not belong together.

    Args:
        inputs: What the report shall be made from.

    Raises:
        ValueError: A table names a clip that the manifest does not have, a prediction has no features, a class is
            unknown, a contribution is of a concept that the model does not use, or a medoid is no segment.
    """
    known = set(inputs.manifest["clip_id"])
    for name in ("poses", "segments", "predictions", "contributions"):
        _check_clips(name, getattr(inputs, name).values("clip_id"), known)
    _check_clips("pose_quality", inputs.pose_quality["clip_id"], known)
    _check_clips("features", inputs.features.clip_ids, known)
    _check_predictions(inputs)
    _check_contributions(inputs)
    medoids = set(inputs.motion_concepts["medoid"]) - {""}
    lost = sorted(medoids - set(inputs.segments.rows(["segment_id"], {"segment_id": medoids})["segment_id"]))
    if lost:
        raise ValueError(f"motion_concepts: medoid '{lost[0]}' is not in pose_segments; rebuild motion_concepts")


def _check_clips(name: str, clip_ids: Iterable[str], known: set[str]) -> None:
    """Refuse a table with a clip that the manifest does not have."""
    strange = sorted(set(clip_ids) - known)
    if strange:
        raise ValueError(f"{name}: clip '{strange[0]}' is not in the manifest ({len(strange)} strange); rebuild {name}")


def _check_predictions(inputs: ReportInputs) -> None:
    """Refuse predictions without features, and labels that the model does not know."""
    explained = inputs.predictions.rows(["clip_id", "method", "label", "predicted"], {"method": ["dance"]})
    absent = sorted(set(explained["clip_id"]) - set(inputs.features.clip_ids))
    if absent:
        raise ValueError(
            f"features have no row for clip '{absent[0]}' ({len(absent)} absent); rebuild backbone_features"
        )
    strange = sorted((set(explained["label"]) | set(explained["predicted"])) - set(inputs.model.classes))
    if strange:
        raise ValueError(
            f"predictions: class '{strange[0]}' is unknown; the model has {', '.join(inputs.model.classes)}"
        )


def _check_contributions(inputs: ReportInputs) -> None:
    """Refuse contributions of another model, whose sums would not be those of this one."""
    used = np.flatnonzero((inputs.model.weight != 0).any(axis=0))
    strange = sorted(inputs.contributions.values("concept") - set(used.tolist()))
    if strange:
        raise ValueError(
            f"contributions: concept {strange[0]} has no weight in the model ({len(strange)} strange); rebuild explain"
        )
