"""Answers of a language model behind any OpenAI-compatible server, each kept on disk."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dance_core.language.cache import AnswerCache
from dance_core.language.documents import Answers, answer_document
from dance_core.language.questions import prompt_template, question, text_sha256
from dance_core.language.server import LanguageModel, refuse_unusable
from dance_core.language.settings import LanguageSettings

_log = logging.getLogger(__name__)


def endpoint_document(family: str, classes: Sequence[str], settings: LanguageSettings) -> dict[str, Any]:
    """Ask a language model about every class; questions answered before are not asked again.

    Args:
        family: "object" or "scene".
        classes: Class names of the data set.
        settings: Server, model and cache.

    Returns:
        An answer document with source "endpoint"; "created" is the time of the latest answer in it.

    Raises:
        ValueError: No server or model is named, or the server gives no usable answer.
    """
    refuse_unusable(settings)
    cache = AnswerCache(Path(settings.cache), settings.model, settings.temperature)
    calls = [(name, call) for name in classes for call in range(settings.queries_per_class)]
    open_calls = [(name, call) for name, call in calls if cache.read(question(family, name), call) is None]
    _log.info("%d of %d answers are in %s", len(calls) - len(open_calls), len(calls), settings.cache)
    if open_calls:
        _ask_all(family, open_calls, settings, cache)
    answers: Answers = {name: [] for name in classes}
    times = []
    for name, call in calls:
        entry = cache.read(question(family, name), call)
        if entry is None:
            raise ValueError(f"{settings.cache}: an answer about '{name}' vanished during the run; run again")
        answers[name] = list(dict.fromkeys([*answers[name], *entry["concepts"]]))
        times.append(entry["created"])
    digest = text_sha256(prompt_template(family))
    return answer_document(family, "endpoint", answers, settings.model, digest, max(times))


def _ask_all(family: str, calls: Sequence[tuple[str, int]], settings: LanguageSettings, cache: AnswerCache) -> None:
    """Ask the open questions, several at once, and keep each answer as soon as it comes."""
    with LanguageModel(settings) as model, ThreadPoolExecutor(settings.parallel_requests) as pool:

        def ask(name_and_call: tuple[str, int]) -> None:
            name, call = name_and_call
            text = question(family, name)
            concepts = model.concepts(text, about=f"{family} concepts of class '{name}'")
            created = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
            cache.write(text, call, concepts, created)

        list(pool.map(ask, calls))
