"""What each part of the concepts is worth: subsets of the families, random concepts and a probe, equally sparse."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, groupby, product
from typing import Any

import numpy as np
import pandas as pd

from dance_core.clips import feature_scale
from dance_core.concept_targets import FAMILIES
from dance_core.rows import Rows
from dance_core.significance import accuracy_intervals
from dance_core.sparse_classifier import (
    SparseClassifier,
    at_effective_concepts,
    effective_concepts,
    falling_strengths,
    fit_path,
    strongest_lam,
)

LEVELS = (5, 10, 15, 20, 25, 30)
"""Numbers of effective concepts at which the field compares models (VLG-CBM)."""

Activations = Mapping[str, np.ndarray] | Mapping[str, Rows]
"""What a classifier is fitted to, by split; features are read in blocks."""

ALL, RANDOM, PROBE = "all three", "random concepts", "sparse linear probe"

COLUMNS = (
    *("method", "n_concepts", "split", "level", "nec", "top1", "top1_low", "top1_high", "top1_sd"),
    *("difference", "difference_low", "difference_high", "draws", "n"),
)


@dataclass(frozen=True)
class AblationSettings:
    """How methods are fitted and compared.

    Attributes:
        lam: Strength of the penalty of the full fit.
        alpha: Share of its L1 part.
        levels: Numbers of effective concepts to compare at.
        n_values: Penalties on each path, in equal ratios. Twenty are enough: between two the weights are cut.
        ratio: Weakest penalty of the path as a share of the one that leaves no weight.
        tolerance: KKT residual that counts as solved. It must be far below the penalties: what is left unsolved looks
            like more effective concepts.
        draws: Draws of random concepts that are averaged.
        seed: Seed of the draws and of the bootstrap.
        resamples: Bootstrap resamples of the intervals.
    """

    lam: float = 7e-4
    alpha: float = 0.99
    levels: tuple[int, ...] = LEVELS
    n_values: int = 20
    ratio: float = 1e-3
    tolerance: float = 1e-6
    draws: int = 3
    seed: int = 0
    resamples: int = 2000


def compare(
    z: Mapping[str, np.ndarray],
    y: Mapping[str, np.ndarray],
    families: np.ndarray,
    x: Mapping[str, Rows] | None = None,
    groups: Mapping[str, np.ndarray] | None = None,
    settings: AblationSettings | None = None,
) -> pd.DataFrame:
    """Fit the classifier to parts of the concepts, to random concepts and to the features, and compare them.

    Every method goes the same way: a path of penalties on the train clips, cut to each number of effective concepts
    (NEC), and a full fit at the penalty of the model. The methods are all subsets of the families that have concepts;
    random concepts, as many Gaussian directions in the standardised features; and the sparse linear probe, the
    standardised features themselves. The last two are left out without features.

    Args:
        z: Standardised concept activations by split, each of shape (n, M); "train" is fitted on.
        y: Class indices by split, each of shape (n,).
        families: Family of each concept, shape (M,).
        x: Backbone features by split, each of shape (n, D), read in blocks.
        groups: What the intervals resample together by split, each of shape (n,); every clip by itself by default.
        settings: How to fit and compare.

    Returns:
        One row per method, split and level: method (a family, families joined by "+", "all three", ...), n_concepts,
        split, level (None for the full fit), nec as it came out, top1 with its 95 percent interval, top1_sd over draws
        (None with one draw), difference to the subset of all families at the same level with its paired interval,
        draws, n. A nec below its level says that the densest classifier of the path has no more. Splits without clips
        have no rows. Intervals are over clips: those of random concepts are given these draws, and how far other draws
        would lie from them is what top1_sd says. Their ends are NaN in a split of one group.

    Raises:
        ValueError: Splits or widths do not fit each other, there is no concept, or none of a method differs between the
            classes.

    Source:
        NEC and the random control: Srivastava et al. (2024), VLG-CBM.
    """
    settings = settings or AblationSettings()
    _check(z, y, families, x)
    splits = [split for split in z if len(y[split])]
    rows: list[dict[str, Any]] = []
    correct: dict[str, list[np.ndarray]] = {split: [] for split in splits}
    for method, entries in groupby(_methods(z, families, x, settings), key=lambda entry: entry[0]):
        draws = [activations for _, activations in entries]
        fits = [_fits(draw["train"], y["train"], settings) for draw in draws]
        for level in (None, *settings.levels):
            nec = float(np.mean([effective_concepts(fit[level].weight) for fit in fits]))
            row = {"method": method, "n_concepts": draws[0]["train"].shape[1], "level": level, "nec": nec}
            rows.append(row | {"draws": len(draws)})
            for split in splits:
                pairs = zip(fits, draws, strict=True)
                correct[split].append(np.array([_correct(fit[level], draw[split], y[split]) for fit, draw in pairs]))
    tables = [
        _split_table(rows, split, correct[split], (groups or {}).get(split), list(subset_names(families))[-1], settings)
        for split in splits
    ]
    return pd.concat(tables, ignore_index=True).astype({"level": "Int64"})[list(COLUMNS)]


def average_accuracy(table: pd.DataFrame) -> pd.DataFrame:
    """Return the accuracy at the sparsest level and averaged over the levels.

        ANEC-5 = accuracy at NEC 5,    ANEC-avg = mean accuracy at NEC 5, 10, 15, 20, 25, 30

    Args:
        table: Rows of `compare`.

    Returns:
        method, split, anec_5 (None where level 5 was not asked for), anec_avg, nec_reached (the largest nec), in the
        order of the table.

    Source:
        Srivastava et al. (2024), VLG-CBM.
    """
    levels = table[table["level"].notna()]
    groups = levels.groupby(["method", "split"], sort=False)
    result = groups.agg(anec_avg=("top1", "mean"), nec_reached=("nec", "max"))
    result["anec_5"] = levels[levels["level"] == 5].set_index(["method", "split"])["top1"]
    return result.reset_index()[["method", "split", "anec_5", "anec_avg", "nec_reached"]]


def random_concepts(x: Mapping[str, Rows], n_concepts: int, generator: np.random.Generator) -> dict[str, np.ndarray]:
    """Return activations of concepts that mean nothing.

        z = standardise(standardise(x) G),  G_ij ~ N(0, 1)

    Args:
        x: Backbone features by split, each of shape (n, D); "train" gives the means and standard deviations.
        n_concepts: Number of random directions M.
        generator: Where the directions come from.

    Returns:
        Standardised activations by split, each of shape (n, M).

    Source:
        Srivastava et al. (2024), VLG-CBM: random concept bottleneck layer.
    """
    features = standardised(x)
    directions = generator.normal(size=(features["train"].shape[1], n_concepts))
    activations = standardised({split: Rows.of(values @ directions) for split, values in features.items()})
    return {split: values.dense() for split, values in activations.items()}


def standardised(parts: Mapping[str, Rows]) -> dict[str, Rows]:
    """Return values with the mean 0 and standard deviation 1 of "train"; a column that is constant there becomes 0.

    Args:
        parts: Values by split, each of shape (n, D).

    Returns:
        The same, read in blocks.
    """
    mean, std = feature_scale(parts["train"], constant=np.inf)
    return {split: values.scaled(mean, std) for split, values in parts.items()}


def subset_names(families: np.ndarray) -> dict[str, tuple[str, ...]]:
    """Return the subsets of the families that have concepts by name, single families first, all last."""
    present = [family for family in FAMILIES if (families == family).any()]
    subsets = [chosen for size in range(1, len(present) + 1) for chosen in combinations(present, size)]
    return {ALL if chosen == FAMILIES else "+".join(chosen): chosen for chosen in subsets}


def _methods(
    z: Mapping[str, np.ndarray],
    families: np.ndarray,
    x: Mapping[str, Rows] | None,
    settings: AblationSettings,
) -> Iterator[tuple[str, Activations]]:
    """Yield each method with its activations by split; random concepts once for each draw."""
    for name, chosen in subset_names(families).items():
        inside = np.isin(families.astype(str), chosen)
        yield name, {split: values[:, inside] for split, values in z.items()}
    if x is not None:
        features, generator = {split: x[split] for split in z}, np.random.default_rng(settings.seed)
        for _ in range(settings.draws):
            yield RANDOM, random_concepts(features, len(families), generator)
        scaled = standardised(features)
        # Every step of the fit reads the train clips.
        yield PROBE, scaled | {"train": scaled["train"].stored()}


def _fits(z: np.ndarray | Rows, y: np.ndarray, settings: AblationSettings) -> dict[int | None, SparseClassifier]:
    """Return the classifier of each level, and the full fit under None."""
    lams = falling_strengths(strongest_lam(z, y, settings.alpha), settings.n_values, settings.ratio)
    path = fit_path(z, y, settings.alpha, lams=[*lams, settings.lam], tolerance=settings.tolerance)
    fits: dict[int | None, SparseClassifier] = {None: next(fit for fit in path if fit.lam == settings.lam)}
    fits.update(at_effective_concepts(path, z, y, settings.levels).items())
    return fits


def _correct(classifier: SparseClassifier, z: np.ndarray | Rows, y: np.ndarray) -> np.ndarray:
    """Return whether each clip is right, shape (n,)."""
    return (z @ classifier.weight.T + classifier.bias).argmax(axis=1) == y


def _split_table(
    rows: list[dict[str, Any]],
    split: str,
    correct: list[np.ndarray],
    groups: np.ndarray | None,
    reference: str,
    settings: AblationSettings,
) -> pd.DataFrame:
    """Lay out the rows of one split; `correct` has shape (draws, n) for each."""
    scores = np.column_stack([hits.mean(axis=0) for hits in correct])
    base = {row["level"]: column for column, row in enumerate(rows) if row["method"] == reference}
    differences = scores - scores[:, [base[row["level"]] for row in rows]]
    groups = np.arange(len(scores)) if groups is None else groups
    # Both in one bootstrap: the interval of a difference then comes from the same resamples of clips.
    bounds = accuracy_intervals(np.hstack([scores, differences]), groups, settings.resamples, settings.seed)
    table = pd.DataFrame(rows).assign(split=split, n=len(scores))
    table["top1"], table["difference"] = scores.mean(axis=0), differences.mean(axis=0)
    table[["top1_low", "top1_high"]] = bounds[: len(rows)]
    table[["difference_low", "difference_high"]] = bounds[len(rows) :]
    spread = [hits.mean(axis=1).std(ddof=1) if len(hits) > 1 else np.nan for hits in correct]
    return table.assign(top1_sd=spread)


def _check(
    z: Mapping[str, np.ndarray], y: Mapping[str, np.ndarray], families: np.ndarray, x: Mapping[str, Rows] | None
) -> None:
    """Refuse arrays that do not belong together."""
    if not len(families):
        raise ValueError("ablations: the model has no concept; lower the cutoffs of the concept layer")
    given: dict[str, Mapping[str, Any]] = {"labels": y, "activations": z} | ({} if x is None else {"features": x})
    for name, split in product(given, z):
        if split not in given[name]:
            raise ValueError(f"ablations: split '{split}' has activations but no {name}; give them for the same splits")
        if len(given[name][split]) != len(y[split]):
            raise ValueError(f"ablations: {name} and labels of split '{split}' differ in rows; give one per clip")
    if any(values.shape[1] != len(families) for values in z.values()):
        raise ValueError(f"ablations: {len(families)} families for other columns of activations; give one per column")
