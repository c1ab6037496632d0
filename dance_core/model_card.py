"""The card of a model: what it is, what it was made of and what it cannot do, as a README.md beside its files."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
import yaml

from dance_core.clips import FITTED_SPLITS
from dance_core.concept_targets import FAMILIES
from dance_core.model import Model
from dance_core.networks.encoder_registry import encoder_registry
from dance_core.tables import whole_file
from dance_core.weights import WEIGHTS

CARD = "README.md"
# As many as a reader takes in; model.json has all of them.
MOST_CLASSES = 100
STRONGEST = 5
# Licences without commercial use, the narrowest first.
RESTRICTED = ("cc-by-nc-sa-4.0", "cc-by-nc-4.0")
OPEN_LICENCES = ("apache-2.0", "mit", "bsd-3-clause", "cc0-1.0")

NAMES = {
    "lam": "strength of the penalty",
    "alpha": "share of its L1 part",
    "objective": "objective",
    "kkt_residual": "largest violation of the optimality (KKT) conditions",
    "gap": "duality gap",
    "converged": "converged",
}

HEADER = """
# {name}

Says which of {n_classes} actions a video shows, and why: the logit of a class is its bias plus the contributions of
{n_concepts} named concepts, {n_used} of which have a weight for any class. Nothing else enters, so every prediction is
an exact sum that can be read, and any concept can be switched off.

The method is that of *Disentangled Concepts Speak Louder Than Words* (NeurIPS 2025,
[arXiv 2511.03725](https://arxiv.org/abs/2511.03725)). The folder holds `model.safetensors` (concept layer and sparse
classifier) and `model.json` (names, settings, digests); the encoders are not in it, and no file in it is code.

## Use

With the software that made it, DANCE, and the weights of its encoders:

```bash
python -m dance_core explain FOLDER_OF_THIS_MODEL VIDEO... --out DIR
```

writes a JSON file and a page for each video; `predict` writes one table for many. In Python:
`Model.load("FOLDER_OF_THIS_MODEL").explain("clip.mp4")`.
"""

LIMITS = """
## Limits

- It always names one of its classes; a video that shows none of them gets the one that fits least badly.
- It looks at one person, the one who fills most of the picture for most of the time.
- A motion concept is a cluster of movements, named after the class in which it is most frequent; objects and scenes are
  words that another network recognised. A name says what a concept resembles, which need not be the cause.
- What goes together in the training clips goes together in the weights: a scene may stand in for the action.
- A certificate says that the classifier is the best for its penalty on its training clips, not that it is right.
- It was made to study recognition of actions. It is not made to judge, identify or watch people.
"""


def model_card(model: Model, metrics: Mapping[str, Any] | None = None) -> str:
    """Write the card of a model.

    Args:
        model: A trained model.
        metrics: What the stage evaluate measured of it; accuracy is left out without.

    Returns:
        Markdown that begins with the fields that the Hugging Face hub reads, in YAML. It holds no path of a machine.
    """
    name = model_name(model)
    front = yaml.safe_dump(front_matter(model, metrics), sort_keys=False, allow_unicode=True, width=120)
    header = HEADER.format(
        name=_plain(name),
        n_classes=len(model.classes),
        n_concepts=len(model.concepts),
        n_used=int((model.weight != 0).any(axis=0).sum()),
    )
    parts = [_classes(model), _concepts(model), *([_accuracy(metrics)] if metrics else [])]
    return f"---\n{front}---\n{header}" + "".join([*parts, _encoders(model), _training(model), LIMITS])


def write_model(model: Model, folder: str | Path, metrics: Mapping[str, Any] | None = None) -> None:
    """Write a model and its card.

    Args:
        model: A trained model.
        folder: Where to; it is made.
        metrics: What the stage evaluate measured of it.
    """
    model.save(folder)
    with whole_file(Path(folder) / CARD) as partial:
        partial.write_text(model_card(model, metrics), "utf-8")


def model_name(model: Model) -> str:
    """Name a model after its data set."""
    return f"DANCE on {model.settings.get('dataset') or 'an unnamed data set'}"


def front_matter(model: Model, metrics: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Give the fields that the Hugging Face hub reads.

    Args:
        model: A trained model.
        metrics: What the stage evaluate measured of it.

    Returns:
        license, library_name, pipeline_tag, tags, and where measured the accuracy on test splits as metrics and
        model-index.
    """
    fields: dict[str, Any] = {**_licence(model), "library_name": "dance-core", "pipeline_tag": "video-classification"}
    fields["tags"] = ["action-recognition", "explainable", "concept-bottleneck", "sparse", "dance"]
    measured = _own_accuracy(metrics).items()
    results = [_result(model, split, scores) for split, scores in measured if split not in FITTED_SPLITS]
    if results:
        fields |= {"metrics": ["accuracy"], "model-index": [{"name": model_name(model), "results": results}]}
    return fields


def licences(encoder: str) -> list[str]:
    """Name the licences of an encoder, none where they are not known.

    Args:
        encoder: A set of fetched weights, a name of the registry, or a hub id that is in it.

    Returns:
        Licences, sorted.
    """
    fetched = {file.licence for file in WEIGHTS.get(encoder, {}).values()}
    return sorted(
        fetched | {entry.licence for entry in encoder_registry().values() if encoder in (entry.name, entry.hub)}
    )


def without_place(value: Any) -> Any:
    """Take the places on a machine out of settings.

    Args:
        value: Nested dicts, lists and scalars.

    Returns:
        The same, of every absolute path only the last part.
    """
    if isinstance(value, Mapping):
        return {without_place(key): without_place(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [without_place(entry) for entry in value]
    if not isinstance(value, str):
        return value
    for kind in (PurePosixPath, PureWindowsPath):
        if kind(value).is_absolute() or value.startswith("~"):
            return kind(value).name
    return value


def _licence(model: Model) -> dict[str, str]:
    """Give the licence that the encoders leave to a model: the narrowest of theirs, "other" where one is not known."""
    each = [_own_licences(model, encoder) for encoder in model.encoders]
    known = {name.lower() for names in each for name in names}
    if narrowest := next((name for name in RESTRICTED if name in known), None):
        return {"license": narrowest}
    if each and all(each) and known <= set(OPEN_LICENCES):
        return {"license": "apache-2.0"}
    return {"license": "other", "license_name": "that-of-its-encoders-and-clips", "license_link": CARD}


def _own_licences(model: Model, encoder: str) -> list[str]:
    """Name the licences of an encoder of a model; a fine-tuned one is bound by those of what it started from."""
    taught = Path(str(model.settings.get("backbone", {}).get("model"))).name
    return licences((_start(model) if encoder == taught else "") or encoder)


def _start(model: Model) -> str:
    """Name the network that the backbone was fine-tuned from, "" where it was not or started from nothing."""
    return str(without_place(model.settings.get("finetuning", {}).get("model") or ""))


def _own_accuracy(metrics: Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
    """Give the accuracy of the model itself by split, splits without clips left out."""
    splits = (metrics or {}).get("accuracy", {}).get("dance", {})
    return {split: scores for split, scores in splits.items() if scores.get("top1") is not None}


def _result(model: Model, split: str, scores: Mapping[str, Any]) -> dict[str, Any]:
    """Lay out the accuracy on one split as the hub wants it."""
    dataset = str(model.settings.get("dataset") or "unnamed")
    return {
        "task": {"type": "video-classification", "name": "Video Classification"},
        "dataset": {"name": dataset, "type": dataset, "split": split},
        "metrics": [{"type": "accuracy", "value": round(float(scores["top1"]), 4), "name": f"top-1, {split}"}],
    }


def _classes(model: Model) -> str:
    """List the classes, each with the concepts that speak most for it and against it."""
    lines = ["", "## Classes", "", "| class | concepts that speak for it | against it |", "|---|---|---|"]
    for name, row in list(zip(model.classes, model.weight, strict=True))[:MOST_CLASSES]:
        lines.append(f"| {_plain(name)} | {_strongest(model, row)} | {_strongest(model, -row, -1)} |")
    if len(model.classes) > MOST_CLASSES:
        lines += ["", f"and {len(model.classes) - MOST_CLASSES} more, which `model.json` names."]
    return "\n".join([*lines, "", "In brackets: the weight of the standardised concept.", ""])


def _strongest(model: Model, row: np.ndarray, sign: int = 1) -> str:
    """Name the concepts with the largest positive entries of a row of weights, of which the sign was changed."""
    order = [j for j in np.argsort(-row, kind="stable")[:STRONGEST] if row[j] > 0]
    return ", ".join(f"{_plain(model.concepts[j].name)} ({sign * row[j]:+.2f})" for j in order) or "–"


def _concepts(model: Model) -> str:
    """Count the concepts of each family."""
    lines = ["", "## Concepts", "", "| family | concepts | with a weight | the strongest |", "|---|---|---|---|"]
    strength = np.abs(model.weight).max(axis=0)
    for family in (name for name in FAMILIES if name in set(model.families)):
        columns = np.flatnonzero(model.families == family)
        used = columns[strength[columns] > 0]
        order = used[np.argsort(-strength[used], kind="stable")][:STRONGEST]
        names = ", ".join(_plain(model.concepts[j].name) for j in order) or "–"
        lines.append(f"| {family} | {len(columns)} | {len(used)} | {names} |")
    return "\n".join([*lines, ""])


def _accuracy(metrics: Mapping[str, Any]) -> str:
    """Tell the accuracy on every split, beside that of a linear probe on the same features."""
    probe = metrics.get("accuracy", {}).get("linear_probe", {})
    lines = ["", "## Accuracy", "", "| split | clips | top-1 (95 % interval) | linear probe |", "|---|---|---|---|"]
    for split, scores in _own_accuracy(metrics).items():
        beside = _share(probe[split]) if probe.get(split, {}).get("top1") is not None else "–"
        lines.append(f"| {_plain(split)} | {scores['n']} | {_share(scores)} | {beside} |")
    if any(None in (scores.get("top1_interval") or [None]) for scores in _own_accuracy(metrics).values()):
        lines += ["", "A split whose clips are all of one group has no interval."]
    if metrics.get("nec") is not None:
        lines += ["", f"A class is decided by {metrics['nec']:.1f} concepts on average."]
    return "\n".join([*lines, "", "`metrics.json` holds more.", ""])


def _share(scores: Mapping[str, Any]) -> str:
    """Write an accuracy with its interval, where that is known."""
    low, high = scores.get("top1_interval") or (None, None)
    interval = "" if low is None or high is None else f" ({100 * low:.1f}–{100 * high:.1f})"
    return f"{100 * scores['top1']:.1f} %{interval}"


def _encoders(model: Model) -> str:
    """List the encoders with their digests and licences, and what those forbid."""
    backbone = model.settings.get("backbone", {})
    told = f", read by the backbone `{backbone['name']}`" if backbone.get("name") else ""
    told += f", which was fine-tuned from `{start}`" if (start := _start(model)) else ""
    lines = ["", "## Encoders", "", f"Features have {model.feature_mean.size} numbers{told}."]
    lines += ["", "| encoder | licence | file | sha256 |", "|---|---|---|---|"]
    for name, files in without_place(model.encoders).items():
        licence = ", ".join(_own_licences(model, name)) or "see its source"
        lines += [f"| {_plain(name)} | {licence} | {_plain(file)} | `{sha256}` |" for file, sha256 in files.items()]
    if not model.encoders:
        lines[-2:] = ["They were computed elsewhere; no encoder is recorded."]
    if (licence := _licence(model)["license"]) in RESTRICTED:
        lines += ["", f"**No commercial use**: an encoder that made this model is under {licence.upper()}."]
    return "\n".join([*lines, "", "Clips have terms of their own, which may bind who uses a model made of them.", ""])


def _training(model: Model) -> str:
    """Tell what the model was trained on, and how well the optimisation problem was solved."""
    lines = ["", "## Training"]
    training = model.settings.get("training", {})
    if {"clips", "splits", "seed", "solver"} <= set(training):
        dataset = _plain(str(model.settings.get("dataset") or "unnamed"))
        told = f"On {training['clips']} clips of the data set *{dataset}* ({', '.join(training['splits'])}), "
        lines += ["", f"{told}seed {training['seed']}, solver {training['solver']}."]
        if set(training["splits"]) == set(FITTED_SPLITS):
            lines += ["", "Test clips chose the settings, as in the authors' code: accuracy on them is flattering."]
    known = {key: value for key, value in model.certificate.items() if value is not None}
    if known:
        lines += ["", "| of the classifier | |", "|---|---|"]
        lines += [f"| {NAMES[key]} | {_number(value)} |" for key, value in known.items() if key in NAMES]
    if model.versions:
        lines += ["", "Software: " + ", ".join(f"{name} {release}" for name, release in model.versions.items()) + "."]
    return "\n".join([*lines, ""])


def _number(value: object) -> str:
    """Write a number with as many digits as it needs."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _plain(text: str) -> str:
    """Keep a name from being read as Markdown or HTML."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", " ".join(text.split()))
