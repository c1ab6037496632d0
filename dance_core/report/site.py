"""What all pages share: which clips are shown, how they are linked, and how classes and concepts are named."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from dance_core.clips import FITTED_SPLITS, USABLE, WITHOUT_VIDEO
from dance_core.concept_targets import FAMILIES
from dance_core.report.inputs import ReportInputs
from dance_core.report.markup import safe_name
from dance_core.report.media import ClipMedia
from dance_core.tables import matrix, rows_of

PREDICTION = ("clip_id", "split", "label", "method", "predicted", "probability", "correct", "probabilities")


@dataclass(frozen=True)
class Site:
    """One report while it is made.

    Attributes:
        inputs: The run that is shown.
        media: Written media by clip id.
    """

    inputs: ReportInputs
    media: dict[str, ClipMedia]

    @cached_property
    def manifest(self) -> pd.DataFrame:
        """The manifest by clip id, clips of one split together."""
        order = {name: place for place, name in enumerate(("train", "val", "test"))}
        table = self.inputs.manifest.assign(order=self.inputs.manifest["split"].map(order).fillna(len(order)))
        return table.sort_values(["order", "split", "clip_id"]).set_index("clip_id", drop=False)

    @cached_property
    def splits(self) -> list[str]:
        """Splits in reading order: train, val, test, then the extra test sets."""
        return list(dict.fromkeys(self.manifest["split"]))

    @cached_property
    def families(self) -> list[str]:
        """Families that were chosen, in their order."""
        chosen = set(self.inputs.concepts["family"])
        return [family for family in FAMILIES if family in chosen]

    @property
    def looked_for_people(self) -> bool:
        """Whether poses were run, so that it is known which clips show nobody."""
        return len(self.inputs.pose_quality) > 0

    @cached_property
    def explained(self) -> pd.DataFrame:
        """Predictions that have a page, in reading order."""
        return explained_clips(self.inputs)

    @cached_property
    def columns(self) -> list[dict[str, str]]:
        """Family, name and link of every column of the weights."""
        return [
            {"family": concept.family, "name": concept.name, "href": concept_link(concept.family, concept.id)}
            for concept in self.inputs.model.concepts
        ]

    @cached_property
    def weights_of(self) -> dict[tuple[str, int], np.ndarray]:
        """Weight of every class [n_classes], by family and concept id."""
        model = self.inputs.model
        return {(entry.family, entry.id): model.weight[:, column] for column, entry in enumerate(model.concepts)}

    @cached_property
    def measures(self) -> dict[tuple[str, int], dict[str, float | None]]:
        """How well each concept is predicted, by family and concept id: auroc, average_precision and similarity."""
        found: dict[tuple[str, int], dict[str, float | None]] = {}
        for family, record in self.inputs.metrics["concepts"].items():
            for row in (record or {}).get("per_concept", ()):
                found[family, int(row["concept"])] = {key: row[key] for key in ("auroc", "average_precision")}
        for family, record in self.inputs.concept_layer["families"].items():
            for concept, loss in record["selection"].get("val_loss", {}).items():
                # Object and scene concepts are trained on the cubed cosine, whose loss is minus the similarity.
                similarity = None if family == FAMILIES[0] or loss is None else -float(loss)
                found.setdefault((family, int(concept)), {})["similarity"] = similarity
        return found

    @cached_property
    def largest_weight(self) -> float:
        """Largest absolute weight, the scale of every weight bar."""
        return float(np.abs(self.inputs.model.weight).max(initial=0.0)) or 1.0

    @cached_property
    def class_index(self) -> dict[str, int]:
        """Place of every class label, also of those that only the manifest knows."""
        names = [*self.inputs.model.classes, *sorted(set(self.inputs.manifest["label"]))]
        return {name: place for place, name in enumerate(dict.fromkeys(names))}

    def users(self, family: str, concept: int) -> list[dict[str, Any]]:
        """Say which classes use a concept.

        Args:
            family: motion, object or scene.
            concept: Id of the concept within its family.

        Returns:
            Class, its index and weight, strongest first; empty where no class uses it.
        """
        weights = self.weights_of.get((family, concept))
        if weights is None:
            return []
        used = [place for place in np.argsort(-np.abs(weights), kind="stable") if weights[place] != 0]
        return [{"label": self.inputs.model.classes[k], "index": int(k), "weight": float(weights[k])} for k in used]


def explained_clips(inputs: ReportInputs) -> pd.DataFrame:
    """Choose the predictions that get a page: test and extra test sets, evenly over the order where they are too many.

    Args:
        inputs: The run that is shown.

    Returns:
        Rows of the predictions of the model, test first.
    """
    judged = judged_clips(inputs)
    chosen = [judged[place] for place in evenly(len(judged), inputs.settings.page_limit)]
    wanted = {"method": ["dance"], "clip_id": chosen}
    return rows_of(inputs.predictions.rows(PREDICTION, wanted), chosen, "predictions")


def judged_clips(inputs: ReportInputs) -> list[str]:
    """Give the clips of the test and extra test sets that the model judged, test first."""
    table = inputs.predictions.rows(["clip_id", "split", "method"], {"method": ["dance"]})
    table = table[~table["split"].isin(FITTED_SPLITS)]
    table = table.assign(order=table["split"] != "test").sort_values(["order", "split", "clip_id"])
    return table["clip_id"].tolist()


def media_clips(inputs: ReportInputs) -> list[str]:
    """Choose the clips whose video is in the report.

    Args:
        inputs: The run that is shown.

    Returns:
        Clip ids: those that a page needs (medoids, explained clips, top-scoring clips), then others up to the limit.
    """
    wanted = [*inputs.motion_concepts["clip_id"], *explained_clips(inputs)["clip_id"]]
    for family in inputs.scores:
        for clips in top_clips(inputs, family):
            wanted += clips
    readable = inputs.manifest["status"].isin(set(USABLE) - {WITHOUT_VIDEO})
    playable = set(inputs.manifest.loc[readable, "clip_id"])
    needed = [clip_id for clip_id in wanted if clip_id in playable]
    others = sorted(playable - set(needed))
    room = max(0, inputs.settings.media_limit - len(set(needed)))
    return list(dict.fromkeys([*needed, *(others[place] for place in evenly(len(others), room))]))


def top_clips(inputs: ReportInputs, family: str) -> list[list[str]]:
    """Find the train clips that score highest for each concept of a family.

    Args:
        inputs: The run that is shown.
        family: object or scene.

    Returns:
        Clip ids by column of the scores, best first; ties by clip id.
    """
    n_concepts = len(scored_concepts(inputs, family))
    ids = np.array(sorted(inputs.scores[family].values("clip_id")), object)
    place = {clip_id: number for number, clip_id in enumerate(ids)}
    places, scores = np.empty((0, n_concepts), int), np.empty((0, n_concepts))
    for part in inputs.scores[family].parts(["clip_id", "split", "scores"], {"split": ["train"]}):
        own = np.repeat(part["clip_id"].map(place).to_numpy(int)[:, None], n_concepts, axis=1)
        places, scores = np.vstack([places, own]), np.vstack([scores, matrix(part["scores"])])
        best = np.lexsort((places, -scores), axis=0)[: inputs.settings.thumbnails]
        places, scores = (np.take_along_axis(values, best, axis=0) for values in (places, scores))
    return [list(ids[column]) for column in places.T]


def scored_concepts(inputs: ReportInputs, family: str) -> list[str]:
    """Names of the concepts that the columns of a family's scores belong to."""
    table = inputs.score_concepts[family]
    return list(table.loc[table["kept"].astype(bool), "concept"].astype(str))


def evenly(n: int, limit: int) -> list[int]:
    """Choose places that lie evenly in a list.

    Args:
        n: Length of the list.
        limit: Largest number of places.

    Returns:
        Increasing places; all of them where n does not pass the limit.
    """
    return list(range(n)) if n <= limit else [place * n // limit for place in range(limit)]


def concept_link(family: str, concept: object) -> str:
    """Give the address of a concept in the report, from its root."""
    page = "motion" if family == "motion" else "language"
    return f"{page}.html#{concept_anchor(family, concept)}"


def concept_anchor(family: str, concept: object) -> str:
    """Give the id of a concept's element on its page."""
    return f"{family}-{safe_name(str(concept))}"
