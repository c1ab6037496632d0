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
# Questions without a usable answer, none having one, after which the others are spared the cost.
_IN_VAIN = 3


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
        ValueError: No server or model is named, no answer can be kept, or a question that was asked has no usable
            one; all of these are named.
    """
    refuse_unusable(settings)
    cache = AnswerCache(Path(settings.cache), settings.model, settings.temperature)
    by_place: dict[Path, Question] = {}
    for question in questions:  # classes that are spoken alike, such as YoYo and yo_yo, share one
        by_place.setdefault(cache.path(question), question)
    distinct = list(by_place.values())
    former = [cache.read(question) for question in distinct]
    still_open = [
        question for question, entry in zip(distinct, former, strict=True) if entry is None or entry["answer"] is None
    ]
    n_known = len(distinct) - len(still_open)
    _log.info("%d of %d answers are in %s", n_known, len(distinct), settings.cache)
    failures = _ask_all(still_open, settings, cache, hopeful=n_known > 0) if still_open else []
    usage = _usage(distinct, former, [cache.read(question) for question in distinct], settings)
    _log.info("%s", usage_sentence(usage))
    if failures:
        raise ValueError(_sentence(failures, len(distinct), settings))
    entries = [cache.read(question) for question in questions]
    whole = [entry for entry in entries if entry is not None and entry["answer"] is not None]
    if len(whole) < len(questions):
        raise ValueError(f"{settings.cache}: an answer vanished during the run; run again")
    return whole, usage


def _ask_all(
    questions: Sequence[Question], settings: LanguageSettings, cache: AnswerCache, hopeful: bool
) -> list[tuple[Question, Failure]]:
    """Ask several questions at once; give those that failed, or were not asked since they would have failed alike.

    Unless hopeful (the model is known to answer), that is so once `_IN_VAIN` used up their attempts and none succeeded.
    """
    cache.prepare()
    needless = threading.Event()
    successes = [hopeful]

    def ask(question: Question) -> Failure | None:
        if needless.is_set():
            return _NOT_ASKED
        outcome = model.answer(question, cache.add)
        if not isinstance(outcome, Failure):
            successes.append(True)
            return None
        if not outcome.final:
            successes.append(False)
        if outcome.for_all or (len(successes) > _IN_VAIN and not any(successes)):
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
    n_unasked = sum(failure is _NOT_ASKED for _, failure in failures)
    if n_unasked:
        sentence += f"\n- {n_unasked} more were not asked, since they would have failed alike"
    if len(failures) > 1:
        sentence += f"\n{n_questions - len(failures)} of {n_questions} answers are kept in {settings.cache}"
    return sentence
