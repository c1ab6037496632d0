"""A web server on this machine that serves files as well, or as badly, as a test asks for."""

import re
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class Site:
    """What the server has and how it behaves.

    Attributes:
        files: Content by path.
        cuts: By path, after how many bytes each of the next answers breaks off.
        codes: By path, status codes of the next answers.
        ranges: Whether parts of files are served.
        version: Mark of the version of all files, None for no mark.
        asked: Path and Range header of each request.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    cuts: dict[str, list[int]] = field(default_factory=dict)
    codes: dict[str, list[int]] = field(default_factory=dict)
    ranges: bool = True
    version: str | None = '"1"'
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    address: str = ""

    def url(self, path: str) -> str:
        return f"{self.address}{path}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        site: Site = self.server.site
        wanted = self.headers.get("Range")
        site.asked.append((self.path, wanted))
        codes = site.codes.get(self.path)
        if codes:
            self.send_error(codes.pop(0))
        elif self.path not in site.files:
            self.send_error(404)
        else:
            self._send(site, site.files[self.path], wanted)

    def _send(self, site, content, wanted):
        start = 0
        if wanted and site.ranges and self.headers.get("If-Range") in (None, site.version):
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
            if start >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        if site.version:
            self.send_header("ETag", site.version)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        cuts = site.cuts.get(self.path)
        end = start + cuts.pop(0) if cuts else len(content)
        self.wfile.write(content[start:end])
        self.close_connection = True

    def log_message(self, *_):
        pass


def serve() -> tuple[Site, ThreadingHTTPServer]:
    """Start a server in a thread of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = server.site = Site(address=f"http://127.0.0.1:{server.server_port}")
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return site, server
