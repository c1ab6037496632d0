"""A language model behind an OpenAI-compatible server, with patience and a secret.

The key of the server comes from an environment variable and goes into the request header only: errors of the client
library, which know the request, are never passed on or chained, and what the server says is shown without the key.
"""

import logging
import os
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import openai

from dance_core.language.questions import ANSWER_SCHEMA, parsed_answer
from dance_core.language.settings import LanguageSettings

_log = logging.getLogger(__name__)

_NO_KEY = "-"  # servers of one's own ask for none, but the client library insists on some text
_LONGEST_WAIT_S = 300.0
_LONGEST_QUOTE = 200
_REFUSED_REQUEST = (400, 422)
_REFUSED_KEY = (401, 403)
_WORTH_ANOTHER_ATTEMPT = (408, 409, 425, 429)


@dataclass(frozen=True)
class _Failure:
    """Why an attempt gave no answer."""

    complaint: str
    cure: str
    final: bool = False
    retry_after_s: float | None = None


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
    address = urlsplit(settings.base_url)
    if address.username or address.password or address.query:
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
            http_client=openai.DefaultHttpxClient(follow_redirects=False),  # never to a host that was not named
        )
        schema = {"name": "concepts", "strict": True, "schema": ANSWER_SCHEMA}
        self._options: dict[str, Any] = {
            "response_format": {"type": "json_schema", "json_schema": schema},
            "max_tokens": settings.maximum_tokens,
            "temperature": settings.temperature,
        }

    def __enter__(self) -> "LanguageModel":
        """Give the model itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the connections."""
        self._client.close()

    def concepts(self, question: str, about: str) -> list[str]:
        """Ask one question until there is a usable answer.

        Args:
            question: Text of the question.
            about: What is asked, for logs and errors.

        Returns:
            Concepts in the order of the answer.

        Raises:
            ValueError: The server refuses, or every attempt failed.
        """
        attempt = 1
        outcome = self._outcome(question)
        while isinstance(outcome, _Failure):
            if outcome.final or attempt == self._settings.attempts:
                tried = f"{attempt} attempt" + "s" * (attempt > 1)
                raise ValueError(
                    f"language: {self._settings.base_url} gave no {about} in {tried}: "
                    f"{outcome.complaint}; {outcome.cure}"
                )
            wait = self._settings.backoff_s * 2 ** (attempt - 1)
            wait = min(wait if outcome.retry_after_s is None else outcome.retry_after_s, _LONGEST_WAIT_S)
            _log.warning("%s: attempt %d: %s; trying again in %.1f s", about, attempt, outcome.complaint, wait)
            time.sleep(wait)
            attempt += 1
            outcome = self._outcome(question)
        return outcome

    def _outcome(self, question: str) -> list[str] | _Failure:
        """Make one attempt, leaving out the optional parameters that the server refuses."""
        while True:
            options = self._options
            try:
                completion = self._client.chat.completions.create(
                    model=self._settings.model, messages=[{"role": "user", "content": question}], **options
                )
                return parsed_answer(self._without_key(self._text_of(completion)))
            except openai.APIStatusError as error:
                if error.status_code not in _REFUSED_REQUEST or not self._leave_out_refused(options, error):
                    return self._status_failure(error)
            except openai.APITimeoutError:
                return _Failure(f"no answer within {self._settings.timeout_s:g} s", "raise language.timeout_s")
            except openai.APIConnectionError as error:
                return _Failure(f"no connection ({self._quoted(error.__cause__)})", "start the server and run again")
            except (openai.OpenAIError, ValueError) as error:
                return _Failure(self._quoted(error), "try another language.model or a larger language.maximum_tokens")

    def _text_of(self, completion: Any) -> str:
        """Take the answer out of what the server sent, which the client library does not check."""
        try:
            choice = completion.choices[0]
            text, finish_reason = choice.message.content, choice.finish_reason
        except (AttributeError, IndexError, KeyError, TypeError) as error:
            raise ValueError("the server sent no chat completion (base_url usually ends in /v1)") from error
        if finish_reason == "length":
            raise ValueError(f"the answer was cut off after {self._settings.maximum_tokens} tokens")
        return str(text or "")

    def _leave_out_refused(self, sent: dict[str, Any], error: openai.APIStatusError) -> bool:
        """Leave a refused parameter out of later requests; false when there is none left to blame."""
        named = [name for name in sent if name == error.param] or [name for name in sent if name in error.message]
        refused = named[0] if named else "response_format"
        if refused not in sent:
            return False
        options = {name: value for name, value in self._options.items() if name != refused}
        if refused == "max_tokens":  # newer models know the limit under this name only
            options["max_completion_tokens"] = sent["max_tokens"]
        _log.info("%s refuses the parameter %s; asking without it", self._settings.base_url, refused)
        self._options = options
        return True

    def _status_failure(self, error: openai.APIStatusError) -> _Failure:
        status = error.status_code
        if status in _REFUSED_KEY:  # such messages may quote a part of the key
            cure = f"put a valid key into the environment variable {self._settings.api_key_variable}"
            return _Failure(f"the server refused the key ({status})", cure, final=True)
        message = error.message.removeprefix(f"Error code: {status} - ")
        complaint = f"status {status} ({self._quoted(message)})"
        if status < 500 and status not in _WORTH_ANOTHER_ATTEMPT:
            return _Failure(complaint, "check language.base_url and language.model", final=True)
        retry_after = _seconds(error.response.headers.get("retry-after"))
        return _Failure(complaint, "run again later: answers already given are kept", retry_after_s=retry_after)

    def _quoted(self, message: object) -> str:
        return " ".join(self._without_key(str(message)).split())[:_LONGEST_QUOTE]

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "[key]") if self._key else text


def _seconds(retry_after: str | None) -> float | None:
    """Read a Retry-After header: seconds, or the moment from when on the server answers again."""
    if not retry_after:
        return None
    if retry_after.replace(".", "", 1).isdecimal():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())
