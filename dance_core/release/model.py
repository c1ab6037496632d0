"""The released model as a model of this project."""

from itertools import permutations
from pathlib import Path

import numpy as np

from dance_core.concept_targets import FAMILIES
from dance_core.model import Concept, Model
from dance_core.release.files import ReleaseFolder, load_tensor

FOLDERS = {"motion": "pose", "object": "spatial", "scene": "place"}
"""Folder of each family below released_model/, in the authors' words."""


def released_model(release: ReleaseFolder) -> Model:
    """Put the released concept layers and classifier together.

    The columns of the released weights follow the families in the order of that training run. It is found by the names
    in aggregated/concepts.txt, so whatever the order was, here it is motion, object, scene.

    Args:
        release: Folder with released_model/{pose,spatial,place}/ (W_c.pt, proj_mean.pt, proj_std.pt, concepts.txt), a
            family that was not trained being absent, and released_model/aggregated/ (W_g.pt, b_g.pt, concepts.txt).

    Returns:
        The model; its logits are those of the released tensors.

    Raises:
        ValueError: A file is absent, or the parts do not fit each other.
    """
    root = release.folder / "released_model"
    families = [family for family in FAMILIES if (root / FOLDERS[family]).is_dir()]
    if not families:
        raise ValueError(f"{root}: none of {', '.join(FOLDERS.values())} is there; give the released model's folders")
    names = {family: release.lines(root / FOLDERS[family] / "concepts.txt") for family in families}
    parts = {family: _family_tensors(root / FOLDERS[family], len(names[family])) for family in families}
    aggregated = root / "aggregated"
    order = _family_order(names, release.lines(aggregated / "concepts.txt"), str(aggregated))
    weight, bias = load_tensor(aggregated / "W_g.pt"), load_tensor(aggregated / "b_g.pt")
    width = sum(map(len, names.values()))
    if weight.shape != (len(release.classes), width) or bias.shape != (len(release.classes),):
        raise ValueError(
            f"{aggregated}: W_g {weight.shape} and b_g {bias.shape} for {len(release.classes)} classes and {width} "
            "concepts; they come from another run"
        )
    starts = dict(zip(order, np.cumsum([0, *(len(names[family]) for family in order)]), strict=False))
    columns = [starts[family] + place for family in families for place in range(len(names[family]))]
    widths = {family: weight.shape[1] for family, (weight, _, _) in parts.items()}
    if len(set(widths.values())) > 1:
        raise ValueError(f"{root}: W_c of the families are for {widths} features; all must be for the same backbone")
    layer, mean, std = (np.concatenate([parts[family][kind] for family in families]) for kind in range(3))
    return Model(
        feature_mean=np.zeros(layer.shape[1]),
        feature_std=np.ones(layer.shape[1]),
        concept_weight=layer,
        z_mean=mean,
        z_std=std,
        weight=weight.astype(float)[:, columns],
        bias=bias.astype(float),
        classes=release.classes,
        concepts=tuple(Concept(family, j, name) for family in families for j, name in enumerate(names[family])),
        settings={"imported": "released_model", "families_in_the_release": order},
    )


def _family_tensors(folder: Path, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read the weights, means and standard deviations of the concepts of one family, float64."""
    weight, mean, std = (load_tensor(folder / f"{stem}.pt") for stem in ("W_c", "proj_mean", "proj_std"))
    if weight.ndim != 2 or {len(weight), mean.size, std.size} != {count}:
        raise ValueError(
            f"{folder}: {count} concepts, but W_c {weight.shape}, proj_mean {mean.shape} and proj_std {std.shape}; "
            f"all must have {count} rows"
        )
    return weight.astype(float), mean.astype(float).ravel(), std.astype(float).ravel()


def _family_order(names: dict[str, tuple[str, ...]], columns: tuple[str, ...], place: str) -> list[str]:
    """Find in which order the families make up the columns of the classifier."""
    fitting = [
        list(order)
        for order in permutations(names)
        if tuple(name for family in order for name in names[family]) == columns
    ]
    if len(fitting) != 1:
        raise ValueError(
            f"{place}/concepts.txt: its {len(columns)} names fit {len(fitting)} orders of the families "
            f"{', '.join(names)}; they must be the concepts of each family, one family after the other"
        )
    return fitting[0]
