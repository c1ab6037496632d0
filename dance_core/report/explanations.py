"""The pages of single clips: the prediction as an exact sum that can be read and switched."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dance_core.clips import FITTED_SPLITS
from dance_core.concept_targets import FAMILIES
from dance_core.model import Model
from dance_core.report.inputs import records
from dance_core.report.markup import safe_name
from dance_core.report.site import Site, judged_clips


def index_page(site: Site) -> dict[str, Any]:
    """Gather what the list of explained clips shows.

    Args:
        site: The report.

    Returns:
        Variables of the template.
    """
    rows = [
        {**row, "name": safe_name(row["clip_id"]), "media": site.media.get(row["clip_id"])}
        for row in records(site.explained)
    ]
    splits = [split for split in site.splits if split not in FITTED_SPLITS]
    return {
        "clips": rows,
        "clip_splits": splits,
        "total": len(judged_clips(site.inputs)),
        "n_correct": sum(bool(row["correct"]) for row in rows),
    }


def model_document(site: Site) -> dict[str, Any]:
    """Give the model as the browser needs it: all weights of the concepts that some class uses.

    Args:
        site: The report.

    Returns:
        classes, families, bias, columns (column of the weights, family, name, href) and weights [n_classes][n_used].
    """
    return browser_model(site.inputs.model, site.columns, site.families)


def browser_model(model: Model, columns: Sequence[Mapping[str, Any]], families: Sequence[str]) -> dict[str, Any]:
    """Give a model as the browser needs it.

    Args:
        model: A trained model.
        columns: Family, name and link of every column of the weights; a link may be None.
        families: Families that were chosen, in their order.

    Returns:
        As `model_document`.
    """
    used = used_columns(model)
    return {
        "classes": list(model.classes),
        "families": list(families),
        "bias": model.bias,
        "columns": [{**columns[j], "column": int(j)} for j in used],
        "weights": model.weight[:, used],
    }


def used_columns(model: Model) -> np.ndarray:
    """Columns of the weights that are not zero for every class."""
    return np.flatnonzero(np.any(model.weight != 0, axis=0))


@dataclass(frozen=True)
class ClipPage:
    """One page.

    Attributes:
        name: Safe file name.
        variables: Variables of the template.
    """

    name: str
    variables: dict[str, Any]


def clip_pages(site: Site) -> Iterator[ClipPage]:
    """Gather what the pages of single clips show.

    Args:
        site: The report.

    Yields:
        One page for each explained clip, in order.
    """
    rows = records(site.explained)
    wanted = {"clip_id": [row["clip_id"] for row in rows]}
    sums = site.inputs.contributions.rows(["clip_id", "class", "concept", "contribution"], wanted)
    shown = dict(iter(sums.groupby(["clip_id", "class"])))
    names = [safe_name(row["clip_id"]) for row in rows]
    for place, row in enumerate(rows):
        (z,) = site.inputs.model.concept_activations(site.inputs.features.matrix([row["clip_id"]]))
        seen = seen_without_weight(site, row["predicted"], z)
        yield ClipPage(
            names[place],
            {
                "clip": {**row, **site.manifest.loc[row["clip_id"]].to_dict(), "name": names[place]},
                "media": site.media.get(row["clip_id"]),
                "document": clip_document(site, row, z, shown),
                "seen": seen,
                "seen_scale": max((concept["z"] for concept in seen), default=1.0),
                "previous": names[place - 1] if place else None,
                "following": names[place + 1] if place + 1 < len(names) else None,
                "place": place + 1,
                "total": len(rows),
            },
        )


def clip_document(site: Site, row: dict[str, Any], z: np.ndarray, shown: dict) -> dict[str, Any]:
    """Give one prediction as the browser needs it.

    Args:
        site: The report.
        row: The clip's row of the predictions.
        z: Normalised concept activations, float [n_columns].
        shown: Contributions by clip and class.

    Returns:
        label, predicted, probabilities and logits of all classes, z of the used concepts, and `contributions` of the
        explained classes as pairs of column and contribution.
    """
    explained = dict.fromkeys([row["predicted"], row["label"]])
    return {
        "label": row["label"],
        "predicted": row["predicted"],
        "probabilities": np.asarray(row["probabilities"], dtype=float),
        "logits": site.inputs.model.class_scores(z),
        "z": z[used_columns(site.inputs.model)],
        "contributions": {name: _pairs(shown.get((row["clip_id"], name))) for name in explained},
    }


def seen_without_weight(site: Site, label: str, z: np.ndarray, count: int = 5) -> list[dict[str, Any]]:
    """Find the object and scene concepts that a clip shows but that a class does not use; see `silent_concepts`."""
    return silent_concepts(site.inputs.model, site.columns, label, z, count)


def silent_concepts(
    model: Model, columns: Sequence[Mapping[str, Any]], label: str, z: np.ndarray, count: int = 5
) -> list[dict[str, Any]]:
    """Find the object and scene concepts that a clip shows but that a class does not use.

    Args:
        model: A trained model.
        columns: Family, name and link of every column of the weights.
        label: The class.
        z: Normalised concept activations, float [n_columns].
        count: Largest number of concepts of each family.

    Returns:
        family, name, href and z, most active first within each family; only those above the training mean (z > 0).
    """
    silent = (model.weight[model.classes.index(label)] == 0) & (z > 0)
    found: list[dict[str, Any]] = []
    for family in FAMILIES[1:]:
        own = np.flatnonzero(silent & (model.families == family))
        best = own[np.argsort(-z[own], kind="stable")][:count]
        found += [{**columns[j], "z": float(z[j])} for j in best]
    return found


def _pairs(part: pd.DataFrame | None) -> list[list[Any]]:
    """Column and contribution of one class."""
    if part is None:
        return []
    return [[int(column), float(value)] for column, value in zip(part["concept"], part["contribution"], strict=True)]
