"""The registry of pretrained encoders: what each is, where it comes from, and the check that it is the right one."""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dance_core.tables import read_json
from dance_core.weights import sha256_of, weight_digests

_log = logging.getLogger(__name__)

REGISTRY_FILE = Path(__file__).with_name("encoders.yaml")
# Written beside fetched files: hub, commit and the SHA-256 of each.
SOURCE_FILE = "source.json"
COMMIT = re.compile(r"[0-9a-f]{40}")
SHA256 = re.compile(r"[0-9a-f]{64}")
LOADERS = {
    "backbone": ("transformers_video", "videomae", "vjepa2"),
    "dual_encoder": ("clip", "siglip", "viclip", "xclip"),
}
# What in a folder decides what an encoder computes; a README does not.
ENCODER_SUFFIXES = (".bin", ".gz", ".json", ".model", ".pt", ".pth", ".safetensors", ".txt")
_RESAMPLING = {"bicubic": 3, "bilinear": 2}
_KEYS = {
    *("kind", "loader", "hub", "revision", "files", "optional", "preprocessing"),
    *("frames", "width", "size_mb", "licence", "source"),
}


@dataclass(frozen=True)
class EncoderEntry:
    """One encoder of the registry.

    Attributes:
        name: Its name, which is also that of its folder below the folder of weights.
        kind: "backbone" or "dual_encoder".
        loader: What the setting `name` of that section has to be.
        hub: Repository on the hub; None where the files are put into the folder by hand.
        revision: Commit that is fetched; None where the settings have to give one.
        files: The files that are needed; for each its alternatives, the preferred one first, with the SHA-256 where it
            is known.
        optional: Files that are fetched too where the hub has them.
        preprocessing: How pictures are brought to size, as a preprocessor configuration of transformers says it.
        text: How sentences are brought to tokens (dual encoders).
        frames: Frames of a clip that it was trained with.
        width: Length of its features.
        size_mb: Size of its weights in megabytes.
        licence: Licence of the weights.
        source: Paper.
    """

    name: str
    kind: str
    loader: str
    hub: str | None
    revision: str | None
    files: tuple[dict[str, str | None], ...]
    optional: tuple[str, ...]
    preprocessing: dict[str, Any]
    text: dict[str, Any]
    frames: int
    width: int
    size_mb: int
    licence: str
    source: str

    def wanted(self) -> str:
        """Name the files that the folder has to hold, for a sentence."""
        return ", ".join(" or ".join(alternatives) for alternatives in self.files)

    def present(self, folder: Path) -> list[Path]:
        """Find the files that the loader reads.

        Args:
            folder: Folder of this encoder.

        Returns:
            The preferred one of each that is there; fewer than `files` where the folder is not complete.
        """
        found = [next((folder / name for name in names if (folder / name).is_file()), None) for names in self.files]
        return [path for path in found if path is not None]

    def is_complete(self, folder: Path) -> bool:
        """Tell whether every needed file is there; their digests are checked when they are loaded."""
        return len(self.present(folder)) == len(self.files)

    def by_hand(self, folder: Path, commit: str | None = None) -> str:
        """Say which files of which page to put where; the commit counts where the registry pins none."""
        version = self.revision or commit
        address = f" of https://huggingface.co/{self.hub}" + (f"/tree/{version}" if version else "")
        return f"put {self.wanted()}{address if self.hub else ''} into '{folder}'"

    def advice(self, folder: Path) -> str:
        """Say in a few words how the files come into their folder, for a list."""
        if self.hub is None:
            return f"put {self.wanted()} into {folder}"
        # Snakemake takes a folder that exists for a finished one.
        first = f"delete {folder} and run " if folder.exists() else ""
        setting = "" if self.revision else " (first set revision to its commit)"
        return f"{first}snakemake --cores 1 weights/{self.name}{setting}"

    def how_to_get(self, folder: Path) -> str:
        """Say in half a sentence how the files come into their folder: by a command, or by hand."""
        if self.hub is None:
            return self.by_hand(folder)
        first = f"delete the folder '{folder}' and " if folder.exists() else ""
        revision = "" if self.revision else " with its commit as revision in the settings"
        return f"{first}run 'snakemake --cores 1 weights/{self.name}'{revision}, or {self.by_hand(folder)}"


@cache
def encoder_registry(path: Path = REGISTRY_FILE) -> dict[str, EncoderEntry]:
    """Read the registry.

    Args:
        path: The YAML file.

    Returns:
        Entries by name.

    Raises:
        ValueError: An entry is not as it should be.
    """
    document = yaml.safe_load(path.read_text("utf-8"))
    return {name: _entry(str(name), fields, path.name) for name, fields in document.items()}


def has_encoder(entry: EncoderEntry, weights: str | Path) -> bool:
    """Tell whether every file of an encoder is there, and none is known to be another one.

    Args:
        entry: The encoder.
        weights: Folder of all weights.

    Returns:
        True if it can be loaded, as far as digests tell.
    """
    folder = Path(weights) / entry.name
    digests = _expected(entry, folder) if entry.is_complete(folder) else ()
    return bool(digests) and all(digest in (None, sha256_of(folder / name)) for name, digest in digests)


def complete_folder(entry: EncoderEntry, weights: str | Path, place: str) -> Path:
    """Find the folder of an encoder, with every file it needs, each the right one.

    Args:
        entry: The encoder.
        weights: Folder of all weights.
        place: What the setting is called in errors.

    Returns:
        The folder.

    Raises:
        ValueError: A file is absent, or is not the one that the registry or the fetch has noted.
    """
    _verified(entry, weights, place)
    return Path(weights) / entry.name


def _verified(entry: EncoderEntry, weights: str | Path, place: str) -> dict[str, str]:
    """Check the files of an encoder as `complete_folder` says, and give the SHA-256 of each."""
    folder = Path(weights) / entry.name
    if not entry.is_complete(folder):
        raise ValueError(f"{place}: '{entry.name}' is not complete at '{folder}'; {entry.how_to_get(folder)}")
    return dict(_checked(folder, _expected(entry, folder), entry.how_to_get(folder)))


def _expected(entry: EncoderEntry, folder: Path) -> tuple[tuple[str, str | None], ...]:
    """Give the files that are there with the SHA-256 that each should have, as the registry or the fetch says it."""
    noted = read_json(folder / SOURCE_FILE)["files"] if (folder / SOURCE_FILE).is_file() else {}
    pinned = {name: digest for names in entry.files for name, digest in names.items() if digest}
    return tuple((path.name, pinned.get(path.name) or noted.get(path.name)) for path in entry.present(folder))


@cache
def _checked(folder: Path, expected: tuple[tuple[str, str | None], ...], again: str) -> tuple[tuple[str, str], ...]:
    """Compare files with the digests that are known; once in a process, since all of them are read."""
    digests = []
    for name, digest in expected:
        found = sha256_of(folder / name)
        digests.append((name, found))
        if digest is None:
            _log.warning("%s: no SHA-256 is known to check it by; it is %s", folder / name, found)
        elif found != digest:
            raise ValueError(
                f"weights '{folder / name}' have sha256 {found[:12]}… but {digest[:12]}… is expected; {again}"
            )
    return tuple(digests)


def encoder_digests(settings: Mapping[str, Any], weights: str | Path = "weights") -> dict[str, dict[str, str]]:
    """Tell which files the encoder of a section of the settings consists of.

    The sets of weights that the project fetches from the package index are told by `weight_digests`.

    Args:
        settings: The section "backbone" or "dual_encoder" with name, model and revision, or {"model": a file}.
        weights: Folder of all weights.

    Returns:
        SHA-256 by file, by the name of the encoder: that in the registry, or the last part of a local path. A hub id
        has its commit instead, under "revision". Empty where no model is named.

    Raises:
        ValueError: Files of an encoder of the registry are absent.
    """
    model, revision = str(settings.get("model") or ""), str(settings.get("revision") or "")
    if not model or settings.get("name") == "file":
        return {}
    if model in encoder_registry():
        return {model: _verified(encoder_registry()[model], weights, "model")}
    path = Path(model)
    if path.is_file():
        return {path.name: {path.name: sha256_of(path)}}
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in ENCODER_SUFFIXES and file.is_file())
        return {path.name: {file.name: sha256_of(file) for file in files if file.name != SOURCE_FILE}}
    return {model: {"revision": revision}}


def model_encoders(
    names: Iterable[str], sections: Iterable[Mapping[str, Any]], weights: str | Path = "weights"
) -> dict[str, dict[str, str]]:
    """Tell which files all the encoders of a model consist of.

    Args:
        names: Sets of weights that the project fetches from the package index.
        sections: The sections "backbone" and "dual_encoder" of the settings, those that the model needs.
        weights: Folder of all weights.

    Returns:
        SHA-256 by file, by encoder, as `encoder_digests` has them.

    Raises:
        ValueError: Files of an encoder of the registry are absent.
    """
    digests = weight_digests(names)
    for section in sections:
        digests |= encoder_digests(section, weights)
    return digests


def _entry(name: str, fields: Any, place: str) -> EncoderEntry:
    """Check one entry and make it."""
    place = f"{place}: encoder '{name}'"
    expected = _KEYS | ({"text"} if isinstance(fields, dict) and fields.get("kind") == "dual_encoder" else set())
    if not isinstance(fields, dict) or set(fields) != expected:
        differing = sorted(expected ^ set(fields)) if isinstance(fields, dict) else []
        raise ValueError(f"{place}: it must have just the keys {sorted(expected)}; differing: {differing}")
    if fields["loader"] not in LOADERS.get(fields["kind"], ()):
        raise ValueError(
            f"{place}: kind '{fields['kind']}' with loader '{fields['loader']}' is unknown; use one of {LOADERS}"
        )
    if fields["revision"] is not None and not COMMIT.fullmatch(str(fields["revision"])):
        raise ValueError(f"{place}: revision '{fields['revision']}' must be the 40 digits of a commit, or null")
    digests = [digest for names in fields["files"] for digest in names.values() if digest is not None]
    wrong = next((digest for digest in digests if not SHA256.fullmatch(str(digest))), None)
    if wrong is not None or not fields["files"]:
        raise ValueError(f"{place}: files must have 64 digits of a SHA-256 each, or null; found {wrong!r}")
    for key in ("frames", "width", "size_mb"):
        if not isinstance(fields[key], int) or fields[key] < 1:
            raise ValueError(f"{place}: {key} is {fields[key]!r}; a whole number of at least 1 is expected")
    return EncoderEntry(
        **{
            **fields,
            "name": name,
            "files": tuple(fields["files"]),
            "optional": tuple(fields["optional"]),
            "preprocessing": _preprocessing(fields["preprocessing"], place),
            "text": fields.get("text", {}),
        }
    )


def _preprocessing(steps: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Write the preprocessing as transformers does in its preprocessor_config.json."""
    if steps.get("resample") not in _RESAMPLING or not {"size", "mean", "std"} <= set(steps):
        raise ValueError(f"{place}: preprocessing needs size, mean, std and resample out of {sorted(_RESAMPLING)}")
    config: dict[str, Any] = {
        "size": steps["size"],
        "do_center_crop": "crop" in steps,
        "resample": _RESAMPLING[steps["resample"]],
        "rescale_factor": steps.get("rescale_factor", 1 / 255),
        "offset": steps.get("offset", False),
        "image_mean": steps["mean"],
        "image_std": steps["std"],
    }
    return config | ({"crop_size": {"height": steps["crop"], "width": steps["crop"]}} if "crop" in steps else {})
