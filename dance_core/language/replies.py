"""What came back from a server: the text of a completion, or why there is none."""

import json
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import openai

REFUSED_REQUEST = (400, 422)
_REFUSED_KEY = (401, 403)
_NO_CREDIT = (402,)
_NO_SUCH_MODEL = (404,)
_WORTH_ANOTHER_ATTEMPT = (408, 409, 425, 429)
_STOPPED_BY_FILTER = "content_filter"


@dataclass(frozen=True)
class Failure:
    """Why a question has no answer.

    Attributes:
        complaint: What happened.
        cure: What to do about it.
        final: Whether another attempt would be in vain.
        for_all: Whether every other question would fail alike.
        completed: Whether the server gave a completion all the same, and presumably charged for it.
        unreadable: Whether that completion was whole but held no answer.
        retry_after_s: How long the server wants to be left alone, in seconds.
        attempts: How often the question was asked.
    """

    complaint: str
    cure: str
    final: bool = False
    for_all: bool = False
    completed: bool = False
    unreadable: bool = False
    retry_after_s: float | None = None
    attempts: int = 1


@dataclass(frozen=True)
class Reply:
    """A completion, as far as the server sent one.

    Attributes:
        text: What the model wrote.
        prompt_tokens: Tokens of the question; None where the server does not say.
        completion_tokens: Tokens of the answer; None where the server does not say.
        failure: Why the text is no answer, whatever it holds.
    """

    text: str
    prompt_tokens: int | None
    completion_tokens: int | None
    failure: Failure | None


def read_reply(completion: Any, maximum_tokens: int) -> Reply | Failure:
    """Take text and usage out of what a server sent, which the client library does not check.

    Args:
        completion: What the client library made of it.
        maximum_tokens: Longest answer that was asked for, for the error.

    Returns:
        The reply; a failure where it is no chat completion, for which nobody is charged.
    """
    usage = getattr(completion, "usage", None)
    prompt, answer = (_count(getattr(usage, name, None)) for name in ("prompt_tokens", "completion_tokens"))
    try:
        choice = completion.choices[0]
        message, reason = choice.message, choice.finish_reason
        text, refusal = _text_of(message.content), getattr(message, "refusal", None)
    except (AttributeError, IndexError, KeyError, TypeError):
        complaint = "the server sent no chat completion (base_url usually ends in /v1)"
        failure = Failure(complaint, "check language.base_url, or try another language.model")
        return failure if usage is None else Reply("", prompt, answer, failure)
    return Reply(text, prompt, answer, _unfinished(refusal, reason, maximum_tokens))


def _unfinished(refusal: Any, reason: str | None, maximum_tokens: int) -> Failure | None:
    """Say why an answer is none, whatever its text holds."""
    if refusal or reason == _STOPPED_BY_FILTER:
        words = f"the model refused to answer ({refusal})" if refusal else "the server's filter stopped the answer"
        cure = "try another language.model, or write this answer yourself with language.source: file"
        return Failure(words, cure, final=True)
    if reason == "length":
        cure = "raise language.maximum_tokens; models that reason aloud need more"
        return Failure(f"the answer was cut off after {maximum_tokens} tokens", cure)
    return None


def said_in(error: openai.APIStatusError) -> str:
    """Read what a server said of a refusal, in whatever form.

    Args:
        error: The refusal; the client library knows the words of one form only, {"error": {"message": ...}}.

    Returns:
        The words, or the whole body where it has another form; "" for none.
    """
    words = error.message.removeprefix(f"Error code: {error.status_code}").removeprefix(" - ")
    if words or not error.body:
        return words
    return error.body if isinstance(error.body, str) else json.dumps(error.body, ensure_ascii=False)


def status_failure(error: openai.APIStatusError, complaint: str, key_variable: str) -> Failure:
    """Say what a status of 4xx or 5xx means.

    Args:
        error: The refusal.
        complaint: What the server said, without the key.
        key_variable: Environment variable that holds the key.

    Returns:
        Why there is no answer.
    """
    status = error.status_code
    if status in _REFUSED_KEY:  # such messages may quote a part of the key
        cure = f"put a valid key into the environment variable {key_variable}"
        return Failure(f"the server refused the key ({status})", cure, final=True, for_all=True)
    if status in _NO_CREDIT or error.code == "insufficient_quota":
        cure = "top up the account of the server and run again: answers already given are kept"
        return Failure(complaint, cure, final=True, for_all=True)
    if status < 500 and status not in _WORTH_ANOTHER_ATTEMPT:
        cure = "check language.base_url and language.model"
        return Failure(complaint, cure, final=True, for_all=status in _NO_SUCH_MODEL)
    cure = "run again later: answers already given are kept"
    return Failure(complaint, cure, retry_after_s=seconds_of(error.response.headers.get("retry-after")))


def seconds_of(retry_after: str | None) -> float | None:
    """Read a Retry-After header.

    Args:
        retry_after: Seconds, or the moment from when on the server answers again.

    Returns:
        Seconds from now, at least 0; None where it says neither.
    """
    if not retry_after:
        return None
    if retry_after.replace(".", "", 1).isdecimal():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())


def _text_of(content: Any) -> str:
    """Read the text of a message, which some servers send in parts."""
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return str(content or "")


def _count(tokens: Any) -> int | None:
    return tokens if isinstance(tokens, int) and tokens >= 0 else None
