"""A model hub on this machine, as far as a download needs one, with the faults that a real one can have."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class LocalHub:
    """Files of one repository at one commit, and how requests for them go wrong.

    `refusals` gives status and error code by file; `cut` names files whose connection breaks half way; `swapped`
    gives other content than the hub states; `large` names files stored apart, which are tagged by their SHA-256.
    """

    commit: str
    files: dict[str, bytes]
    large: tuple[str, ...] = ()
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    swapped: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    endpoint: str = ""

    def tag(self, name: str) -> str:
        content = self.files[name]
        if name in self.large:
            return hashlib.sha256(content).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class HubHandler(BaseHTTPRequestHandler):
    hub: LocalHub

    def log_message(self, *arguments):
        pass

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def answer(self):
        # Other paths than those of files, which the library may ask for too, are files that are not here.
        _, _, _, _, commit, name = [*self.path.split("?")[0].split("/", 5), *[""] * 5][:6]
        self.hub.requests.append((self.command, name, self.headers.get("Range")))
        refusal = self.hub.refusals.get(name)
        if commit != self.hub.commit:
            refusal = refusal or (404, "RevisionNotFound")
        if name not in self.hub.files:
            refusal = refusal or (404, "EntryNotFound")
        if refusal:
            self.headline(refusal[0], {"X-Error-Code": refusal[1], "Content-Length": "0"})
        else:
            self.file(name)

    def headline(self, status: int, headers: dict[str, str]):
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header, value)
        self.end_headers()

    def file(self, name: str):
        content = self.hub.swapped.get(name, self.hub.files[name])
        start = int((self.headers.get("Range") or "bytes=0-")[6:].rstrip("-"))
        headers = {"ETag": f'"{self.hub.tag(name)}"', "X-Repo-Commit": self.hub.commit}
        headers["Content-Length"] = str(len(content) - start)
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self.headline(206 if start else 200, headers)
        if self.command == "GET":
            self.wfile.write(content[start : len(content) // 2] if name in self.hub.cut else content[start:])
        if self.command == "GET" and name in self.hub.cut:
            self.wfile.flush()
            self.connection.close()


@contextmanager
def running(hub: LocalHub) -> Iterator[LocalHub]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (HubHandler,), {"hub": hub}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def usual_hub(hub: LocalHub, monkeypatch, cache: Path) -> Iterator[LocalHub]:
    """Run a hub that takes the place of the real one, with an empty cache."""
    with running(hub):
        address = f"{hub.endpoint}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.endpoint)
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", address)
        yield hub
