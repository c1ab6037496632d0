"""MiniLM: sentences as points whose cosine says how close their meanings are."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer
from transformers.utils.logging import disable_progress_bar

from dance_core.weights import WEIGHTS, weight_file

BATCH = 64


class SentenceEncoder:
    """all-MiniLM-L6-v2 from the weights folder; nothing is ever fetched.

    Args:
        weights: Folder of all weights.
        device: Where the network runs.

    Raises:
        ValueError: A file of the weights is absent, or is another one.

    Source:
        Reimers & Gurevych 2019 (mean of the token states); Wang et al. 2020 (MiniLM).
    """

    def __init__(self, weights: str | Path, device: torch.device) -> None:
        folder = {weight_file(weights, "minilm", file).parent for file in WEIGHTS["minilm"]}.pop()
        disable_progress_bar()
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model: Any = AutoModel.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
        self._model = model.eval().to(device)
        self._device = device

    @torch.inference_mode()
    def __call__(self, sentences: Sequence[str]) -> np.ndarray:
        """Embed sentences.

        Sentences of the same number of tokens go together: that is four times as fast as one by one, and no padding
        touches a result. A list always gives the same bits.

        Args:
            sentences: The sentences.

        Returns:
            float32 of shape (n, 384), rows of length one.
        """
        tokens = self._tokenizer(list(sentences), truncation=True)["input_ids"]
        of_length: dict[int, list[int]] = {}
        for row, ids in enumerate(tokens):
            of_length.setdefault(len(ids), []).append(row)
        embeddings = np.empty((len(sentences), self._model.config.hidden_size), np.float32)
        for rows in of_length.values():
            for part in (rows[start : start + BATCH] for start in range(0, len(rows), BATCH)):
                ids = torch.tensor([tokens[row] for row in part], device=self._device)
                mean = self._model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state.mean(1)
                embeddings[part] = torch.nn.functional.normalize(mean, dim=1).cpu().numpy()
        return embeddings
