"""A server on this machine that speaks /v1/chat/completions and misbehaves on demand."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "sk-secret-1234567890"
GOOD = '{"concepts": ["ball", "bench"]}'
USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
CUT = "cut"  # instead of a reply: the connection is closed


def completion(text, finish_reason="stop", usage=USAGE, **message):
    choice = {"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": finish_reason}
    body = {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
    return body if usage is None else body | {"usage": usage}


def answer(text=GOOD, finish_reason="stop", delay_s=0.0, usage=USAGE, **message):
    body = completion(text, finish_reason, usage, **message)
    return {"status": 200, "body": body, "headers": {}, "delay_s": delay_s}


def failure(status, message="no", param=None, headers=None, code=None):
    body = {"error": {"message": message, "type": "error", "param": param, "code": code}}
    return {"status": status, "body": body, "headers": headers or {}, "delay_s": 0.0}


def plain(status, body):
    """A refusal that is not in the form of OpenAI."""
    encoded = body.encode() if isinstance(body, str) else body
    return {"status": status, "body": encoded, "headers": {}, "delay_s": 0.0}


def raw(body, content_type="application/json"):
    return {"status": 200, "body": body, "headers": {"Content-Type": content_type}, "delay_s": 0.0}


class Server:
    """Replies first with a script, one entry a request, then with what is set about a class, then with good answers."""

    def __init__(self):
        self.script, self.requests, self.authorizations = [], [], []
        self.refuse = {}  # parameter: message with which a request that has it is refused
        self.refuse_formats = {}  # type of response_format ("text" for none): reply to such a request
        self.about = {}  # words in the question: reply
        self.last = None  # what to reply when the script is used up, instead of a good answer
        self.lock = threading.Lock()

    @property
    def formats(self):
        return [request.get("response_format", {"type": "text"})["type"] for request in self.requests]

    def reply(self, request, authorization):
        with self.lock:
            self.requests.append(request)
            self.authorizations.append(authorization)
            for parameter, message in self.refuse.items():
                if parameter in request:
                    return failure(400, message)
            if self.formats[-1] in self.refuse_formats:
                return self.refuse_formats[self.formats[-1]]
            if self.script:
                return self.script.pop(0)
            words = json.dumps(request["messages"])
            return next((reply for part, reply in self.about.items() if part in words), self.last or answer())


@contextmanager
def serving() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            reply = state.reply(request, self.headers["Authorization"])
            if self.path != "/v1/chat/completions":
                reply = failure(404, "no such path")
            if reply == CUT:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{")
                self.close_connection = True
                return
            body = reply["body"] if isinstance(reply["body"], bytes) else json.dumps(reply["body"]).encode()
            time.sleep(reply["delay_s"])
            self.send_response(reply["status"])
            for name, value in ({"Content-Type": "application/json"} | reply["headers"]).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    class QuietServer(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *arguments):  # a client that gave up waiting is part of the test
            pass

    http = QuietServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.base_url = f"http://127.0.0.1:{http.server_port}/v1"
    yield state
    http.shutdown()
    thread.join()
    http.server_close()


def forget_proxies(monkeypatch) -> None:
    """Make this machine the only one that is asked, with a key that tests look for."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
