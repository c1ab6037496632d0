"""Checkpoints of the transformers library: of the registry, from a local folder, or from the hub at a pinned commit."""

import logging
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from huggingface_hub import errors, hf_hub_download
from transformers import AutoConfig, AutoTokenizer, PreTrainedConfig, PreTrainedModel
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

from dance_core.networks.encoder_registry import COMMIT, EncoderEntry, complete_folder, encoder_registry
from dance_core.networks.hub import why
from dance_core.networks.preprocessing import PicturePreprocessor
from dance_core.tables import read_json

_log = logging.getLogger(__name__)

PREPROCESSORS = ("preprocessor_config.json", "video_preprocessor_config.json")
PARTS_OF_HUB_ID = 2


@dataclass(frozen=True)
class Checkpoint:
    """Where a model is, and which version of it.

    Attributes:
        model: A name of the registry, a local folder or file, or a hub id.
        revision: Commit of a hub id; not used for a folder.
        place: What the setting is called in errors, "backbone.model" for example.
        weights: Folder of all weights, where the encoders of the registry lie.
    """

    model: str
    revision: str
    place: str
    weights: Path = Path("weights")

    @property
    def entry(self) -> EncoderEntry | None:
        """What the registry says of the model; None where it is none of its encoders."""
        return encoder_registry().get(self.model)

    def expect_loader(self, name: str) -> None:
        """Check that an encoder of the registry is used by the loader that it needs.

        Args:
            name: The loader that is about to load it.

        Raises:
            ValueError: It needs another one.
        """
        if self.entry is not None and self.entry.loader != name:
            raise ValueError(
                f"{self.place}: '{self.model}' is no model for {name}; set {self.entry.kind}.name: {self.entry.loader}"
            )

    def location(self) -> str:
        """Find the model.

        Returns:
            A folder or a file, or the hub id.

        Raises:
            ValueError: The model is not named, its folder is absent or not complete, or a hub id has no commit.
        """
        if not self.model:
            raise ValueError(
                f"{self.place} is empty; name an encoder of the registry (python -m dance_core encoders), a local "
                "folder of the model, or a hub id with its revision"
            )
        if self.entry is not None:
            return str(complete_folder(self.entry, self.weights, self.place))
        if Path(self.model).exists():
            return self.model
        if self.model.startswith(("/", ".")) or len(Path(self.model).parts) > PARTS_OF_HUB_ID:
            raise ValueError(f"{self.place}: folder '{self.model}' is absent; put the model there, or name a hub id")
        if not COMMIT.fullmatch(self.revision):
            raise ValueError(
                f"{self.place}: '{self.model}' is neither an encoder of the registry nor a folder here, and as a hub "
                f"id it has revision '{self.revision}'; give the 40 digits of a commit, so that every run gets the "
                "same weights"
            )
        return self.model

    def options(self) -> dict[str, Any]:
        """Say how transformers shall look for the files.

        Returns:
            Keyword arguments of from_pretrained; nothing is fetched for a folder, and no code of a model is ever run.

        Raises:
            ValueError: The model cannot be found.
        """
        # Else transformers, given a .bin of the hub, asks a service to propose its conversion to the owner.
        os.environ["DISABLE_SAFETENSORS_CONVERSION"] = "1"
        local = Path(self.location()).exists()
        return {"trust_remote_code": False, **({"local_files_only": True} if local else {"revision": self.revision})}

    def config(self) -> PreTrainedConfig:
        """Read the configuration of the model.

        Returns:
            The configuration.

        Raises:
            ValueError: It cannot be found or fetched.
        """
        return self.found(AutoConfig.from_pretrained, "the configuration")

    def tokenizer(self) -> Any:
        """Load the tokenizer of the model.

        Returns:
            The tokenizer.

        Raises:
            ValueError: It cannot be found or fetched.
        """
        return self.found(AutoTokenizer.from_pretrained, "the tokenizer")

    def load(
        self,
        model_class: Any,
        device: torch.device,
        precision: torch.dtype = torch.float32,
        unused: tuple[str, ...] = (),
    ) -> PreTrainedModel:
        """Load a model, every weight of it from the checkpoint, and every weight of the checkpoint into it.

        Args:
            model_class: Class of transformers with from_pretrained.
            device: Where the model shall run.
            precision: Numbers that it shall compute with.
            unused: How the names of parts begin that the checkpoint may have though the model has no use for them.

        Returns:
            The model, ready for inference.

        Raises:
            ValueError: It cannot be found or fetched, a weight is absent and would stay random, or one is there that
                the model does not know.
        """
        disable_progress_bar()
        # What does not fit is said below; the table that transformers prints has the parts that are not used as well.
        set_verbosity_error()
        # Without ignore_mismatched_sizes transformers raises before it says which weight has the wrong shape.
        wanted = {"output_loading_info": True, "ignore_mismatched_sizes": True, "dtype": precision}
        model, report = self.found(partial(model_class.from_pretrained, **wanted), "the weights")
        absent = sorted(report["missing_keys"] | {key for key, *_ in report["mismatched_keys"]})
        unknown = sorted(key for key in report["unexpected_keys"] if not key.startswith(unused))
        self.expect_complete(type(model).__name__, absent, unknown)
        return model.eval().requires_grad_(False).to(device)

    def expect_complete(self, name: str, absent: list[str], unknown: list[str]) -> None:
        """Refuse a checkpoint that is not just what a model consists of.

        Args:
            name: What the model is called.
            absent: Weights that it lacks, or that have another shape.
            unknown: Weights that it has beyond those of the model.

        Raises:
            ValueError: There is any of either.
        """
        beyond = f", and it has '{unknown[0]}' ({len(unknown)} such) which {name} does not know" if unknown else ""
        if absent:
            raise ValueError(
                f"{self.place}: '{self.model}' has no weight '{absent[0]}' of the right shape ({len(absent)} such), "
                f"and it would stay random{beyond}; a complete checkpoint of {name} is expected"
            )
        if unknown:
            raise ValueError(
                f"{self.place}: '{self.model}' has a weight '{unknown[0]}' ({len(unknown)} such) which {name} does not "
                f"know, so it may be another model; a checkpoint of {name} is expected"
            )

    def preprocessor(self) -> PicturePreprocessor:
        """Read how the model wants its pictures.

        Returns:
            How to bring RGB frames to the input of the model: as the configuration beside the weights says, else as
            the registry does.

        Raises:
            ValueError: Neither says it.
        """
        return PicturePreprocessor(*self.preprocessor_config())

    def preprocessor_config(self) -> tuple[dict[str, Any], str]:
        """Read the preprocessor configuration of the model.

        Returns:
            Its content, that of the registry where there is none beside the weights; and where it stands.

        Raises:
            ValueError: Neither says it.
        """
        found = next(filter(None, map(self.file, PREPROCESSORS)), None)
        registered = self.entry.preprocessing if self.entry is not None else None
        if found is None:
            if registered is None:
                raise ValueError(f"{self.place}: '{self.model}' has no {PREPROCESSORS[0]}; copy it beside the weights")
            return registered, f"the registry's '{self.model}'"
        config = read_json(found)
        if registered is not None:
            _tell_differences(found, config, registered)
        return config, f"{self.model}/{found.name}"

    def file(self, name: str) -> Path | None:
        """Find one file of the model, fetched where the model is on the hub.

        Args:
            name: Its name.

        Returns:
            The file; None where the model has none of that name.

        Raises:
            ValueError: The model cannot be found, or the hub cannot be asked.
        """
        location = self.location()
        if Path(location).exists():
            return path if (path := Path(location, name)).is_file() else None
        try:
            return Path(hf_hub_download(location, name, revision=self.revision))
        except errors.RemoteEntryNotFoundError:
            return None
        except Exception as error:  # the network layers below raise kinds of their own
            raise self.refusal(name, error) from error

    def refusal(self, what: str, error: Exception) -> ValueError:
        """Say in one sentence why a part of the model cannot be loaded, and what to do.

        Args:
            what: The part.
            error: What loading it raised.

        Returns:
            An error to raise.
        """
        return ValueError(
            f"{self.place}: {what} of '{self.model}' cannot be loaded here ({_reason(error)}); "
            "put a complete copy of the model into a local folder and name that folder"
        )

    def found(self, loader: Any, what: str) -> Any:
        """Call a loader of transformers, and say in one sentence what it could not find.

        Args:
            loader: A from_pretrained, with all that it takes beyond the place of the model.
            what: The part that it loads.

        Returns:
            What it loaded.

        Raises:
            ValueError: It cannot be found, fetched or read.
        """
        location, options = self.location(), self.options()
        try:
            return loader(location, **options)
        # Broken files make the readers below raise kinds of their own.
        except Exception as error:
            raise self.refusal(what, error) from error


def _reason(error: BaseException) -> str:
    """Say in a few words why a part cannot be loaded; transformers wraps what the hub answers."""
    if isinstance(error, UnpicklingError):
        return "the file is broken, or it would have to run code, which is refused"
    for cause in (error, error.__cause__):
        if isinstance(cause, errors.HfHubHTTPError | errors.LocalEntryNotFoundError | errors.OfflineModeIsEnabled):
            return why(cause)
    return str(error).split("\n", 1)[0].rstrip(".")


def _tell_differences(path: Path, config: dict[str, Any], registered: dict[str, Any]) -> None:
    """Log where the model's own preprocessing is not what the registry states; the model's own is followed."""
    for key in ("image_mean", "image_std", "resample"):
        if key in config and config[key] != registered[key]:
            _log.warning("%s: %s is %s but the registry states %s", path, key, config[key], registered[key])
