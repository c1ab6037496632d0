"""Checkpoints of the transformers library: from a local folder, or from the hub at a pinned commit."""

import json
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoTokenizer, PreTrainedConfig, PreTrainedModel
from transformers.utils import cached_file
from transformers.utils.logging import disable_progress_bar

from dance_core.networks.preprocessing import PicturePreprocessor

COMMIT = re.compile(r"[0-9a-f]{40}")
HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
PREPROCESSORS = ("preprocessor_config.json", "video_preprocessor_config.json")


@dataclass(frozen=True)
class Checkpoint:
    """Where a model is, and which version of it.

    Attributes:
        model: A local folder or a hub id.
        revision: Commit of a hub id; not used for a folder.
        place: What the setting is called in errors, "backbone.model" for example.
    """

    model: str
    revision: str
    place: str

    def options(self) -> dict[str, Any]:
        """Say how transformers shall look for the files.

        Returns:
            Keyword arguments of from_pretrained; nothing is fetched for a folder, and no code of a model is ever run.

        Raises:
            ValueError: The model is not named, its folder is absent, or a hub id has no commit.
        """
        common: dict[str, Any] = {"trust_remote_code": False}
        if not self.model:
            raise ValueError(f"{self.place} is empty; name a local folder of the model, or a hub id with its revision")
        if Path(self.model).is_dir():
            return {**common, "local_files_only": True}
        if not HUB_ID.fullmatch(self.model):
            raise ValueError(f"{self.place}: folder '{self.model}' is absent; put the model there, or name a hub id")
        if not COMMIT.fullmatch(self.revision):
            raise ValueError(
                f"{self.place}: '{self.model}' is not a folder here, and as a hub id it has revision "
                f"'{self.revision}'; give the 40 digits of a commit, so that every run gets the same weights"
            )
        return {**common, "revision": self.revision}

    def config(self) -> PreTrainedConfig:
        """Read the configuration of the model.

        Returns:
            The configuration.

        Raises:
            ValueError: It cannot be found or fetched.
        """
        return self._found(AutoConfig.from_pretrained, "the configuration")

    def tokenizer(self) -> Any:
        """Load the tokenizer of the model.

        Returns:
            The tokenizer.

        Raises:
            ValueError: It cannot be found or fetched.
        """
        return self._found(AutoTokenizer.from_pretrained, "the tokenizer")

    def load(self, model_class: Any, device: torch.device, precision: torch.dtype = torch.float32) -> PreTrainedModel:
        """Load a model, every weight of it from the checkpoint.

        Args:
            model_class: Class of transformers with from_pretrained.
            device: Where the model shall run.
            precision: Numbers that it shall compute with.

        Returns:
            The model, ready for inference.

        Raises:
            ValueError: It cannot be found or fetched, or a weight is absent and would stay random.
        """
        disable_progress_bar()
        # Without ignore_mismatched_sizes transformers raises before it says which weight has the wrong shape.
        wanted = {"output_loading_info": True, "ignore_mismatched_sizes": True, "dtype": precision}
        model, report = self._found(partial(model_class.from_pretrained, **wanted), "the weights")
        absent = sorted(report["missing_keys"] | {key for key, *_ in report["mismatched_keys"]})
        if absent:
            raise ValueError(
                f"{self.place}: '{self.model}' has no weight '{absent[0]}' of the right shape ({len(absent)} such), "
                f"and it would stay random; a complete checkpoint of {type(model).__name__} is expected"
            )
        return model.eval().requires_grad_(False).to(device)

    def preprocessor(self) -> PicturePreprocessor:
        """Read how the model wants its pictures.

        Returns:
            A function from RGB frames to the input of the model.

        Raises:
            ValueError: There is no preprocessor configuration.
        """
        return PicturePreprocessor(*self.preprocessor_config())

    def preprocessor_config(self) -> tuple[dict[str, Any], str]:
        """Read the preprocessor configuration of the model.

        Returns:
            Its content, and where it stands.

        Raises:
            ValueError: There is none.
        """
        options = {key: value for key, value in self.options().items() if key != "trust_remote_code"}
        for name in PREPROCESSORS:
            path = cached_file(self.model, name, _raise_exceptions_for_missing_entries=False, **options)
            if path is not None:
                return json.loads(Path(path).read_text("utf-8")), f"{self.model}/{name}"
        raise ValueError(f"{self.place}: '{self.model}' has no {PREPROCESSORS[0]}; copy it beside the weights")

    def _found(self, loader: Any, what: str) -> Any:
        """Call a loader of transformers, and say in one sentence what it could not find."""
        try:
            return loader(self.model, **self.options())
        except (OSError, ValueError) as error:
            reason = str(error).split("\n", 1)[0].rstrip(".")
            raise ValueError(
                f"{self.place}: {what} of '{self.model}' cannot be loaded here ({reason}); "
                "put a complete copy of the model into a local folder and name that folder"
            ) from error
