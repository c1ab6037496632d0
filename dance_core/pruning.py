"""Which concepts of a family are shown by the train clips at all, judged by their scores."""

from dataclasses import dataclass

import numpy as np

RULES = ("zscore", "cutoff", "rank")
STRONGEST = 5


@dataclass(frozen=True)
class Pruning:
    """How concepts are told apart that no clip shows.

    Every rule judges a concept by its strength: the mean of its five largest train scores. "cutoff" asks for a strength
    above a cosine, as the authors do; what a cosine means differs from encoder to encoder and falls with fewer clips.
    "zscore" compares the strength with those of the other concepts of the family, so neither matters. "rank" keeps a
    number of concepts. On Penn Action held-out accuracy hardly tells the rules apart until a cosine that is 0.025 too
    high ruins it, so the default is the rule whose choice is the same for other encoders and fewer clips
    (benchmarks/pruning.py).

    Attributes:
        rule: "zscore", "cutoff" or "rank".
        zscore: Smallest z-score of the strength among the concepts of the family.
        cutoff: Cosine that the strength must exceed.
        rank: Number of strongest concepts that are kept.
        minimum_spread: Whatever the rule, the standard deviation of a concept's train scores must exceed this share of
            the family's median: a concept that all clips show alike tells none from another.

    Raises:
        ValueError: The rule is unknown, the rank is below 1 or the spread is not in [0, 1).
    """

    rule: str = "zscore"
    zscore: float = -0.5
    cutoff: float = 0.2
    rank: int = 40
    minimum_spread: float = 0.1

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise ValueError(f"pruning: rule '{self.rule}' is unknown; use one of {', '.join(RULES)}")
        if self.rank < 1:
            raise ValueError(f"pruning: rank {self.rank} keeps no concept; use 1 or more")
        if not 0 <= self.minimum_spread < 1:
            raise ValueError(f"pruning: minimum_spread {self.minimum_spread:g} is out of range; use 0 or more, below 1")


@dataclass(frozen=True)
class Verdict:
    """What became of the concepts of a family.

    Attributes:
        strength: Mean of the five largest scores, shape (M,).
        zscore: The strength minus its mean over the concepts, by its standard deviation (M - 1), shape (M,);
            NaN where all strengths are the same or there is one concept.
        spread: Standard deviation of the scores over clips, shape (M,).
        reasons: Why each concept is dropped; "" where it is kept.
    """

    strength: np.ndarray
    zscore: np.ndarray
    spread: np.ndarray
    reasons: tuple[str, ...]

    @property
    def kept(self) -> np.ndarray:
        """Whether each concept is kept, shape (M,)."""
        return np.array([not reason for reason in self.reasons], bool)


def pruned(scores: np.ndarray, pruning: Pruning) -> Verdict:
    """Judge the concepts of one family by the scores of the train clips.

    Args:
        scores: Shape (n, M).
        pruning: The rule.

    Returns:
        The verdict. Where all strengths are the same, or there is one concept, "zscore" has nothing to compare and
        keeps it.

    Raises:
        ValueError: There is no clip or no concept, or a score is not finite.

    Source:
        Rule "cutoff": the activation filter of label-free CBM (Oikarinen et al. 2023), which DANCE takes over.
    """
    scores = np.asarray(scores, np.float64)
    if not scores.size:
        raise ValueError(f"pruning: scores have shape {scores.shape}; it needs at least one clip and one concept")
    if not np.isfinite(scores).all():
        raise ValueError("pruning: a score is not finite; compute the embeddings again")
    strength = np.sort(scores, axis=0)[-STRONGEST:].mean(axis=0)
    zscore, spread = _zscores(strength), scores.std(axis=0)
    flat = spread <= max(pruning.minimum_spread * np.median(spread), 1e-6 * np.abs(scores).max())
    places = np.argsort(np.argsort(-strength, kind="stable"), kind="stable") + 1
    reasons = []
    for concept, alike in enumerate(flat if len(scores) > 1 else np.zeros_like(flat)):
        weak = _weakness(pruning, strength[concept], zscore[concept], places[concept], len(strength))
        if alike and not weak:
            weak = (
                f"all clips show it alike: its train scores spread {spread[concept]:.2g}, the family's median is "
                f"{np.median(spread):.2g}, share needed {pruning.minimum_spread:g}"
            )
        reasons.append(weak)
    return Verdict(strength, zscore, spread, tuple(reasons))


def _zscores(strength: np.ndarray) -> np.ndarray:
    """Return the z-score of each strength; NaN, which is below no cutoff, where they do not differ."""
    spread = strength.std(ddof=1) if len(strength) > 1 else 0.0
    if spread <= 1e-9 * np.abs(strength).max():
        return np.full_like(strength, np.nan)
    return (strength - strength.mean()) / spread


def _weakness(pruning: Pruning, strength: float, zscore: float, place: int, n_concepts: int) -> str:
    """Say why a concept is too weak for the rule; "" where it is not."""
    found = f"no clip shows it: its five strongest train scores average {strength:.3f}"
    if pruning.rule == "cutoff" and strength <= pruning.cutoff:
        return f"{found}, cutoff {pruning.cutoff:g}"
    if pruning.rule == "rank" and place > pruning.rank:
        return f"{found}, place {place} of {n_concepts}, kept are {pruning.rank}"
    if pruning.rule == "zscore" and zscore < pruning.zscore:
        return f"{found}, z-score {zscore:.2f} among {n_concepts} concepts, cutoff {pruning.zscore:g}"
    return ""
