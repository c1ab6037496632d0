"""One file from a web server, continued where an earlier attempt was cut off."""

import hashlib
import http.client
import json
import logging
import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BLOCK = 1 << 20
_AGENT = {"User-Agent": "dance-core", "Accept-Encoding": "identity"}
_PASSING = {408, 425, 429, 500, 502, 503, 504}  # answers of a server that may be another one in a minute

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """How long a server is given.

    Attributes:
        timeout_s: Longest silence of the server.
        attempts: How often in a row an address is tried without a single new byte.
        pause_s: Wait before the second attempt; each further wait is twice as long.
    """

    timeout_s: float = 60
    attempts: int = 5
    pause_s: float = 2


class _RefusedError(Exception):
    """The server will not give the file, however often it is asked."""


def fetch(urls: list[str], path: Path, patience: Patience) -> None:
    """Download a file to `path`.

    What has come is kept in `path` with ".part" appended, with the server's mark of the version beside it. A later
    call asks for the rest of the same version; a server that has another version, or gives no parts, starts anew.

    Args:
        urls: Addresses of the file, tried in this order.
        path: Where the whole file shall be.
        patience: How long servers are given.

    Raises:
        ValueError: No address gave the file; the sentence says why the last did not, and what to do.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    reasons = []
    for url in urls:
        try:
            _fetch_from(url, path, patience)
            return
        except _RefusedError as refusal:
            reasons.append(f"{url}: {refusal}")
            _log.warning("%s", reasons[-1])
    raise ValueError(
        f"'{path.name}' cannot be downloaded ({'; '.join(reasons)}); run again later to continue, or get the file by "
        f"other means and put it at '{path}'"
    )


def digest_of(path: Path, algorithm: str) -> str:
    """Digest a file.

    Args:
        path: File to read.
        algorithm: "sha256", "sha1" or "md5".

    Returns:
        Lower-case hexadecimal.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _fetch_from(url: str, path: Path, patience: Patience) -> None:
    """Download a file from one address, with as many attempts as bring something new."""
    part, failures = _Part(path, url), 0
    while True:
        before = part.size
        try:
            part.receive(patience.timeout_s)
            part.finish()
            return
        except (urllib.error.HTTPError, OSError, http.client.HTTPException) as error:
            if isinstance(error, urllib.error.HTTPError) and error.code not in _PASSING:
                raise _RefusedError(f"the server answers {error.code} {error.reason}") from error
            if isinstance(error, urllib.error.URLError) and isinstance(error.reason, ssl.SSLError):
                raise _RefusedError(f"the certificate of the server is not valid here: {error.reason}") from error
            failures = 1 if part.size > before else failures + 1
            if failures >= patience.attempts:
                raise _RefusedError(f"{error or type(error).__name__}") from error
            _log.info("%s: %s; trying again", url, error or type(error).__name__)
            time.sleep(patience.pause_s * 2 ** (failures - 1))


class _Part:
    """A file of which a part may have come."""

    def __init__(self, path: Path, url: str) -> None:
        self._path, self._url = path, url
        self._part = path.with_name(path.name + ".part")
        self._mark = path.with_name(path.name + ".part.json")

    @property
    def size(self) -> int:
        """Bytes that have come."""
        return self._part.stat().st_size if self._part.is_file() else 0

    def receive(self, timeout_s: float) -> None:
        """Ask for what is not there yet, and write it down.

        Raises:
            OSError: The connection ended before the file did.
        """
        have, mark = self.size, self._read_mark()
        headers = dict(_AGENT)
        if have and mark:
            headers |= {"Range": f"bytes={have}-", "If-Range": mark}
        try:
            answer = urllib.request.urlopen(urllib.request.Request(self._url, headers=headers), timeout=timeout_s)
        except urllib.error.HTTPError as error:
            if error.code == 416 and _total(error.headers.get("Content-Range")) == have:
                return  # all of it had come already
            if error.code == 416:
                self._forget()
                raise OSError("the part that had come does not fit the file") from error
            raise
        with answer:
            self._write(answer, have)

    def _write(self, answer: Any, have: int) -> None:
        """Append the rest of the file, or write it anew where the server sent all of it."""
        continued = answer.status == 206 and _first(answer.headers.get("Content-Range")) == have
        if answer.status == 206 and not continued:
            self._forget()
            raise OSError("the server sent another part than the one asked for")
        start = have if continued else 0
        length = answer.headers.get("Content-Length")
        total = start + int(length) if length is not None else None
        self._write_mark(answer.headers.get("ETag") or answer.headers.get("Last-Modified"))
        with self._part.open("ab" if continued else "wb") as file:
            for block in _blocks(answer, self._path.name, start, total):
                file.write(block)
        if total is not None and self.size != total:
            raise OSError(f"the connection ended after {self.size} of {total} bytes")

    def finish(self) -> None:
        """Give the file its name."""
        self._part.replace(self._path)
        self._mark.unlink(missing_ok=True)

    def _forget(self) -> None:
        self._part.unlink(missing_ok=True)
        self._mark.unlink(missing_ok=True)

    def _read_mark(self) -> str | None:
        """Give the mark of the version that the part belongs to; another address may have another version."""
        try:
            mark = json.loads(self._mark.read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return mark.get("version") if mark.get("url") == self._url else None

    def _write_mark(self, version: str | None) -> None:
        strong = None if version is None or version.startswith("W/") else version  # a weak mark proves no bytes
        self._mark.write_text(json.dumps({"url": self._url, "version": strong}), "utf-8")


def _blocks(answer: Any, name: str, start: int, total: int | None) -> Iterator[bytes]:
    """Read what a server sends, and say every ten percent how far it is."""
    read: Callable[[int], bytes] = answer.read
    done, told = start, 0
    while block := read(_BLOCK):
        done += len(block)
        yield block
        if total and done * 10 // total > told:
            told = done * 10 // total
            _log.info("%s: %.0f of %.0f MB", name, done / 1e6, total / 1e6)


def _first(content_range: str | None) -> int | None:
    found = re.match(r"bytes (\d+)-", content_range or "")
    return int(found[1]) if found else None


def _total(content_range: str | None) -> int | None:
    found = re.search(r"/(\d+)$", content_range or "")
    return int(found[1]) if found else None
