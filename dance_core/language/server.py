"""A language model behind an OpenAI-compatible server, with patience and a secret.

The key of the server comes from an environment variable and goes into the request header only: errors of the client
library, which know the request, are never passed on or chained, and what the server says is shown without the key.
"""

import logging
import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

import openai

from dance_core.language.manners import KnownManner, Manner
from dance_core.language.questions import Question
from dance_core.language.replies import REFUSED_REQUEST, Failure, read_reply, said_in, status_failure
from dance_core.language.settings import LanguageSettings
from dance_core.language_usage import Completion

_log = logging.getLogger(__name__)

Keep = Callable[[Question, Completion, Any], None]
"""Is given every completion as soon as it is there, with the answer in it, None where it holds none."""

_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_SHORTEST_SECRET = 8  # what is shorter, such as "x" for a server of one's own, is no secret but a part of many words
_NO_KEY = "-"  # servers of one's own ask for none, but the client library insists on some text
_LONGEST_WAIT_S = 300.0
_LONGEST_QUOTE = 200
_LONGEST_LOGGED = 4000


def refuse_unusable(settings: LanguageSettings) -> None:
    """Check that a server and a model are named, before anything is sent.

    Args:
        settings: Server and model.

    Raises:
        ValueError: The address is empty, not of the web or holds a secret, or the model is empty.
    """
    if not settings.base_url:
        raise ValueError(
            "language: base_url is empty, so no language model is asked; set it to the address of an "
            "OpenAI-compatible server, such as http://localhost:11434/v1, or choose another language.source"
        )
    address = _address(settings.base_url)
    if address is None:  # not shown, since it may hold a secret
        raise ValueError(
            "language: base_url is no address, its host or port cannot be read; write it like http://localhost:11434/v1"
        )
    if address.username or address.password or address.query or address.fragment:
        raise ValueError(
            "language: base_url holds a user name, password or query, which would end up in logs; "
            f"give the bare address and put the key into the environment variable {settings.api_key_variable}"
        )
    if address.scheme not in ("http", "https") or not address.hostname:
        raise ValueError(
            f"language: base_url '{settings.base_url}' is no address; it must begin with http:// or https://"
        )
    if not settings.model:
        raise ValueError(f"language: model is empty; name a model that {settings.base_url} serves")


class LanguageModel:
    """A language model that several threads may ask; a context that closes its connections."""

    def __init__(self, settings: LanguageSettings) -> None:
        """Prepare the client; nothing is sent yet.

        Args:
            settings: Server, model, limits and patience.

        Raises:
            ValueError: The environment variable holds what cannot be a key.
        """
        self._settings = settings
        self._key = os.environ.get(settings.api_key_variable, "").strip()
        if not self._key.isascii() or not self._key.isprintable() or " " in self._key:
            raise ValueError(
                f"language: the environment variable {settings.api_key_variable} holds characters "
                "that no key has; copy the key again"
            )
        self._client = openai.OpenAI(
            api_key=self._key or _NO_KEY,
            base_url=settings.base_url,
            timeout=settings.timeout_s,
            max_retries=0,
            # Never to a host that was not named, not even to the proxy of the environment for what is on this machine.
            http_client=openai.DefaultHttpxClient(
                follow_redirects=False, trust_env=urlsplit(settings.base_url).hostname not in _THIS_MACHINE
            ),
        )
        self._known = KnownManner()

    def __enter__(self) -> "LanguageModel":
        """Give the model itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the connections."""
        self._client.close()

    def answer(self, question: Question, keep: Keep) -> Any:
        """Ask one question until there is a usable answer, a bounded number of times.

        Where an answer cannot be read, the next attempt asks for a plainer form of it. Other questions begin with the
        form that the server took when it refused others, or with the plainer one once it gave a usable answer.

        Args:
            question: The question.
            keep: Is given every completion.

        Returns:
            The answer, or a `Failure` where the server refuses or every attempt failed.
        """
        manner, attempt, plainer = self._known.get(), 1, False
        while True:
            manner, outcome = self._outcome(question, manner.merged(self._known.get()), keep)
            usable = not isinstance(outcome, Failure)
            if usable or (outcome.completed and not plainer):
                self._known.worked(manner)
            if usable:
                return outcome
            if outcome.final or attempt == self._settings.attempts:
                return replace(outcome, attempts=attempt)
            if outcome.unreadable:
                manner, plainer = manner.plainer() or manner, True
            self._wait(question, attempt, outcome)
            attempt += 1

    def _outcome(self, question: Question, manner: Manner, keep: Keep) -> tuple[Manner, Any]:
        """Make one attempt, leaving out what the server refuses; give also the manner that it took."""
        started = time.monotonic()
        while True:
            completion = self._sent(question, manner)
            if not isinstance(completion, Manner):
                break
            _log.info("%s: %s refuses %s; asking with %s", question.about, self._settings.base_url, manner, completion)
            manner = completion
        reply = completion if isinstance(completion, Failure) else read_reply(completion, self._settings.maximum_tokens)
        if isinstance(reply, Failure):
            return manner, reply
        text = self._without_key(reply.text)
        answer, failure = _parsed(question, text) if reply.failure is None else (None, reply.failure)
        if failure is not None:
            failure = replace(failure, complaint=self._quoted(failure.complaint), completed=True)
            _log.warning("%s: no usable %s: %r", question.about, manner.format, text[:_LONGEST_LOGGED])
        seconds = round(time.monotonic() - started, 3)
        tokens = reply.prompt_tokens, reply.completion_tokens
        keep(question, Completion(manner.format, failure is None, *tokens, seconds, _now()), answer)
        return manner, answer if failure is None else failure

    def _wait(self, question: Question, attempt: int, failure: Failure) -> None:
        """Leave the server alone for as long as it wants, or twice as long as the time before."""
        wait = self._settings.backoff_s * 2 ** (attempt - 1)
        wait = min(wait if failure.retry_after_s is None else failure.retry_after_s, _LONGEST_WAIT_S)
        _log.warning("%s: attempt %d: %s; trying again in %.1f s", question.about, attempt, failure.complaint, wait)
        time.sleep(wait)

    def _sent(self, question: Question, manner: Manner) -> Any:
        """Send one request; give what came, a `Failure`, or the `Manner` to ask in after a refusal of this one."""
        try:
            return self._client.chat.completions.create(
                model=self._settings.model,
                messages=[{"role": "user", "content": question.content()}],  # type: ignore[list-item, misc]
                **manner.options(question, self._settings),
            )
        except openai.APIStatusError as error:
            message = said_in(error)
            other = manner.without(error.param, message, error.status_code in REFUSED_REQUEST)
            if other is not None:
                return other
            complaint = f"status {error.status_code}" + (f" ({self._quoted(message)})" if message else "")
            return status_failure(error, complaint, self._settings.api_key_variable)
        except openai.APITimeoutError:
            return Failure(f"no answer within {self._settings.timeout_s:g} s", "raise language.timeout_s")
        except openai.APIConnectionError as error:
            complaint = f"no connection ({self._quoted(error.__cause__)})"
            return Failure(complaint, "start the server and run again", for_all=True)
        except (openai.OpenAIError, ValueError) as error:
            return Failure(f"the server sent what is no JSON ({self._quoted(error)})", "check language.base_url")

    def _quoted(self, message: object) -> str:
        return " ".join(self._without_key(str(message)).split())[:_LONGEST_QUOTE]

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "[key]") if len(self._key) >= _SHORTEST_SECRET else text


def _parsed(question: Question, text: str) -> tuple[Any, Failure | None]:
    """Find the answer in a text, or say why there is none."""
    try:
        return question.parse(text), None
    except ValueError as error:
        cure = "try another language.model or a larger language.maximum_tokens"
        return None, Failure(str(error), cure, unreadable=True)


def _address(base_url: str) -> SplitResult | None:
    """Take an address apart, None where that is impossible."""
    try:
        address = urlsplit(base_url)
        readable = base_url.isprintable() and " " not in base_url and address.port != 0  # port: ValueError for letters
    except ValueError:
        return None
    return address if readable else None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
