"""Answers of a language model behind any OpenAI-compatible server, each kept on disk as soon as it comes."""

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd

from dance_core.language.cache import AnswerCache
from dance_core.language.documents import Answers, answer_document
from dance_core.language.questions import Question, concept_question, prompt_template, text_sha256
from dance_core.language.replies import Failure
from dance_core.language.server import LanguageModel, refuse_unusable
from dance_core.language.settings import LanguageSettings
from dance_core.language_usage import usage_sentence, usage_table

_log = logging.getLogger(__name__)

_NOT_ASKED = Failure("not asked", "run again")


def endpoint_document(
    family: str, classes: Sequence[str], settings: LanguageSettings
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Ask a language model about every class; questions answered before are not asked again.

    Args:
        family: "object" or "scene".
        classes: Class names of the data set.
        settings: Server, model and cache.

    Returns:
        An answer document with source "endpoint", whose "created" is the time of the latest answer in it; and the
        usage, see `asked`.

    Raises:
        ValueError: No server or model is named, or the server gives no usable answer.
    """
    questions = [concept_question(family, name, call) for name in classes for call in range(settings.queries_per_class)]
    entries, usage = asked(questions, settings)
    answers: Answers = {name: [] for name in classes}
    for question, entry in zip(questions, entries, strict=True):
        answers[question.subject] = list(dict.fromkeys([*answers[question.subject], *entry["answer"]]))
    digest, created = text_sha256(prompt_template(family)), max(entry["created"] for entry in entries)
    return answer_document(family, "endpoint", answers, settings.model, digest, created), usage


def asked(questions: Sequence[Question], settings: LanguageSettings) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """Ask a language model several questions at once; those answered before are not asked again.

    Every completion is kept as soon as it comes. Where a question fails for good, the others are still asked.

    Args:
        questions: The questions.
        settings: Server, model and cache.

    Returns:
        Entries of `AnswerCache` in the order of the questions; and the usage: one row for each completion that was
        ever paid for one of them, see `USAGE_SCHEMA`, cached where that was in an earlier run.

    Raises:
        ValueError: No server or model is named, or a question has no usable answer; all that have none are named.
    """
    refuse_unusable(settings)
    cache = AnswerCache(Path(settings.cache), settings.model, settings.temperature)
    former = [cache.read(question) for question in questions]
    still_open = [
        question for question, entry in zip(questions, former, strict=True) if entry is None or entry["answer"] is None
    ]
    _log.info("%d of %d answers are in %s", len(questions) - len(still_open), len(questions), settings.cache)
    failures = _ask_all(still_open, settings, cache) if still_open else []
    entries = [cache.read(question) for question in questions]
    usage = _usage(questions, former, entries, settings)
    _log.info("%s", usage_sentence(usage))
    if failures:
        raise ValueError(_sentence(failures, len(questions), settings))
    whole = [entry for entry in entries if entry is not None and entry["answer"] is not None]
    if len(whole) < len(questions):
        raise ValueError(f"{settings.cache}: an answer vanished during the run; run again")
    return whole, usage


def _ask_all(
    questions: Sequence[Question], settings: LanguageSettings, cache: AnswerCache
) -> list[tuple[Question, Failure]]:
    """Ask several questions at once; give those that failed, or were not asked since they would have failed alike."""
    needless = threading.Event()

    def ask(question: Question) -> Failure | None:
        if needless.is_set():
            return _NOT_ASKED
        outcome = model.answer(question, cache.add)
        if not isinstance(outcome, Failure):
            return None
        if outcome.for_all:
            needless.set()
        return outcome

    with LanguageModel(settings) as model, ThreadPoolExecutor(settings.parallel_requests) as pool:
        outcomes = list(pool.map(ask, questions))
    return [(question, outcome) for question, outcome in zip(questions, outcomes, strict=True) if outcome is not None]


def _usage(
    questions: Sequence[Question],
    former: Sequence[dict[str, Any] | None],
    entries: Sequence[dict[str, Any] | None],
    settings: LanguageSettings,
) -> pd.DataFrame:
    """List every completion that was paid for these questions, those known before as cached."""
    rows = []
    for question, before, entry in zip(questions, former, entries, strict=True):
        n_cached = len(before["completions"]) if before else 0
        about = {"class": question.subject, "call": question.call}
        for attempt, completion in enumerate(entry["completions"] if entry else ()):
            rows.append({**about, "attempt": attempt, "cached": attempt < n_cached, **completion})
    return usage_table(rows, settings.price_per_million)


def _sentence(failures: Sequence[tuple[Question, Failure]], n_questions: int, settings: LanguageSettings) -> str:
    """Say what failed and why, each reason once."""
    told = []
    for question, failure in failures:
        if failure is not _NOT_ASKED:
            tried = f"{failure.attempts} attempt" + "s" * (failure.attempts > 1)
            told.append(f"no {question.about} in {tried}: {failure.complaint}; {failure.cure}")
    sentence = f"language: {settings.base_url} gave " + "\n- ".join(dict.fromkeys(told))
    unasked = [question.about for question, failure in failures if failure is _NOT_ASKED]
    if unasked:
        sentence += f"\n- {', '.join(dict.fromkeys(unasked))}: not asked, since it would have failed alike"
    if len(failures) > 1:
        sentence += f"\n{n_questions - len(failures)} of {n_questions} answers are kept in {settings.cache}"
    return sentence
