import json
import logging
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dance_core.language import LanguageSettings, ask_concepts
from dance_core.language.cache import AnswerCache
from dance_core.language.questions import ANSWER_SCHEMA, prompt_template, question, text_sha256
from dance_core.tables import write_json

KEY = "sk-secret-1234567890"
GOOD = '{"concepts": ["ball", "bench"]}'


def completion(text, finish_reason="stop"):
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}
    return {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}


def answer(text=GOOD, finish_reason="stop", delay_s=0.0):
    return {"status": 200, "body": completion(text, finish_reason), "headers": {}, "delay_s": delay_s}


def failure(status, message="no", param=None, headers=None):
    body = {"error": {"message": message, "type": "error", "param": param}}
    return {"status": status, "body": body, "headers": headers or {}, "delay_s": 0.0}


class Server:
    """Speaks /v1/chat/completions: first the replies of a script, one a request, then good answers."""

    def __init__(self):
        self.script, self.requests, self.times, self.authorizations = [], [], [], []
        self.refuse = {}  # parameter: message with which a request that has it is refused
        self.last = None  # what to reply when the script is used up, instead of a good answer
        self.lock = threading.Lock()

    def reply(self, request, authorization):
        with self.lock:
            self.requests.append(request)
            self.authorizations.append(authorization)
            self.times.append(time.monotonic())
            for parameter, message in self.refuse.items():
                if parameter in request:
                    return failure(400, message)
            return self.script.pop(0) if self.script else self.last or answer()


@pytest.fixture
def server():
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            reply = state.reply(request, self.headers["Authorization"])
            if self.path != "/v1/chat/completions":
                reply = failure(404, "no such path")
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


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture
def settings(server, tmp_path):
    def make(**changes):
        usual = {
            "source": "endpoint",
            "base_url": server.base_url,
            "model": "some-model",
            "cache": tmp_path / "cache",
            "queries_per_class": 1,
            "parallel_requests": 1,
            "attempts": 3,
            "backoff_s": 0.01,
            "timeout_s": 5,
        }
        return LanguageSettings(**(usual | changes))

    return make


@pytest.fixture(autouse=True)
def no_trace_of_the_key(tmp_path, caplog):
    """Whatever a test does, the key is afterwards in no file and no log record of any library."""
    caplog.set_level(logging.DEBUG)
    yield
    assert KEY not in caplog.text
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


def ask(settings, classes=("boxing",), family="object"):
    return ask_concepts(family, list(classes), settings)


def error_of(settings):
    with pytest.raises(ValueError) as caught:
        ask(settings)
    error = caught.value
    assert KEY not in str(error) + repr(error)
    assert error.__cause__ is None
    assert error.__context__ is None
    return str(error)


def test_document_and_request(server, settings):
    document = ask(settings(), ["clean_and_jerk"])
    assert document["answers"] == {"clean_and_jerk": ["ball", "bench"]}
    assert (document["family"], document["source"], document["model"]) == ("object", "endpoint", "some-model")
    assert document["prompt_sha256"] == text_sha256(prompt_template("object"))
    (request,) = server.requests
    assert request["model"] == "some-model"
    assert request["messages"] == [{"role": "user", "content": question("object", "clean_and_jerk")}]
    assert (request["temperature"], request["max_tokens"]) == (0.2, 512)
    assert request["response_format"]["type"] == "json_schema"
    assert request["response_format"]["json_schema"] == {"name": "concepts", "strict": True, "schema": ANSWER_SCHEMA}
    assert server.authorizations == [f"Bearer {KEY}"]


def test_the_key_comes_from_the_named_variable_and_may_be_absent(server, settings, monkeypatch):
    monkeypatch.setenv("MY_KEY", " other-key-123\n")
    ask(settings(api_key_variable="MY_KEY"))
    monkeypatch.delenv("MY_KEY")
    ask(settings(api_key_variable="MY_KEY"), ["walking"])
    assert server.authorizations == ["Bearer other-key-123", "Bearer -"]


def test_every_class_is_asked_as_often_as_set_and_the_answers_are_united(server, settings):
    server.script = [answer('{"concepts": ["ball", "bag"]}'), answer('{"concepts": ["bag", "car"]}')]
    assert ask(settings(queries_per_class=2))["answers"] == {"boxing": ["ball", "bag", "car"]}
    assert len(server.requests) == 2


def test_a_second_run_asks_nothing_and_gives_the_same_document(server, settings, monkeypatch):
    classes = ["boxing", "walking", "running"]
    first = ask(settings(queries_per_class=2, parallel_requests=3), classes)
    assert len(server.requests) == 6
    monkeypatch.delenv("OPENAI_API_KEY")
    assert ask(settings(queries_per_class=2), classes) == first
    assert len(server.requests) == 6


def test_created_is_the_time_of_the_latest_answer(server, settings, tmp_path):
    cache = AnswerCache(tmp_path / "cache", "some-model", 0.2)
    cache.write(question("object", "boxing"), 0, ["bag"], "2025-05-01T00:00:00Z")
    cache.write(question("object", "walking"), 0, ["dog"], "2025-06-01T00:00:00Z")
    document = ask(settings(), ["walking", "boxing"])
    assert document["created"] == "2025-06-01T00:00:00Z"
    assert document["answers"] == {"walking": ["dog"], "boxing": ["bag"]}
    assert server.requests == []


@pytest.mark.parametrize("changes", [{"model": "other"}, {"temperature": 0.9}, {"queries_per_class": 2}])
def test_another_model_temperature_or_call_is_asked_anew(server, settings, changes):
    ask(settings())
    ask(settings(**changes))
    assert len(server.requests) == 2


def test_a_damaged_cache_entry_is_asked_again(server, settings, tmp_path, caplog):
    first = ask(settings())
    (entry,) = (tmp_path / "cache").iterdir()
    entry.write_text("{", "utf-8")
    assert ask(settings())["answers"] == first["answers"]
    assert f"{entry} is not a whole answer; asking again" in caplog.text
    write_json(entry, {"created": "now", "concepts": "ball"})
    ask(settings())
    assert len(server.requests) == 3


def test_answers_given_before_a_failure_are_kept(server, settings):
    server.script = [answer(), failure(404)]
    with pytest.raises(ValueError, match="class 'walking'"):
        ask(settings(), ["boxing", "walking"])
    ask(settings(), ["boxing", "walking"])
    assert len(server.requests) == 3


@pytest.mark.parametrize("wait", ["0.3", "date"])
def test_429_waits_as_long_as_the_server_says(server, settings, wait):
    header = formatdate(time.time() + 2, usegmt=True) if wait == "date" else wait
    server.script = [failure(429, headers={"Retry-After": header})]
    assert ask(settings())["answers"] == {"boxing": ["ball", "bench"]}
    waited = server.times[1] - server.times[0]
    assert 0.3 <= waited < 3


@pytest.mark.parametrize("header", [{}, {"Retry-After": "soon"}])
def test_without_a_usable_retry_after_the_wait_doubles(server, settings, header):
    server.script = [failure(429, headers=header), failure(500), failure(503)]
    ask(settings(attempts=4, backoff_s=0.1))
    waits = [later - earlier for earlier, later in zip(server.times, server.times[1:], strict=False)]
    assert waits[0] >= 0.1
    assert waits[1] >= 0.2
    assert waits[2] >= 0.4


@pytest.mark.parametrize(
    "bad",
    [
        answer('{"concepts": ["ball"'),
        answer('{"concepts": []}'),
        answer("I cannot help with that."),
        answer(None),
        answer(GOOD, finish_reason="length"),
        {"status": 200, "body": b"{broken", "headers": {}, "delay_s": 0},
        {"status": 200, "body": b"<html>", "headers": {"Content-Type": "text/html"}, "delay_s": 0},
        {"status": 200, "body": {"choices": []}, "headers": {}, "delay_s": 0},
        {"status": 200, "body": {"choices": [{"index": 0}]}, "headers": {}, "delay_s": 0},
        failure(500),
        answer(delay_s=1.0),
    ],
)
def test_one_bad_reply_is_followed_by_another_attempt(server, settings, bad):
    server.script = [bad]
    assert ask(settings(timeout_s=0.5 if bad["delay_s"] else 5))["answers"] == {"boxing": ["ball", "bench"]}
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("reply", "attempts", "sentence"),
    [
        (failure(500, f"boom {KEY}"), 3, "status 500 (boom [key]); run again later: answers already given are kept"),
        (failure(429, "quota"), 3, "status 429 (quota); run again later: answers already given are kept"),
        (failure(401, f"bad key {KEY}"), 1, "the server refused the key (401); put a valid key into the environment "),
        (failure(404, "no such model"), 1, "status 404 (no such model); check language.base_url and language.model"),
        (
            failure(400, "prompt too long"),
            1,
            "status 400 (prompt too long); check language.base_url and language.model",
        ),
        (failure(307, headers={"Location": "/elsewhere"}), 1, "status 307"),
        (answer("no"), 3, "the answer is not a JSON list of concepts: 'no'; try another language.model or a larger "),
        (answer(f"no {KEY}"), 3, "the answer is not a JSON list of concepts: 'no [key]'"),
        (answer("x", "length"), 3, "the answer was cut off after 512 tokens"),
        (answer(delay_s=0.5), 3, "no answer within 0.2 s; raise language.timeout_s"),
        ({"status": 200, "body": [], "headers": {}, "delay_s": 0}, 3, "the server sent no chat completion"),
    ],
)
def test_lasting_failure_is_told_without_the_key(server, settings, reply, attempts, sentence):
    server.last = reply
    text = error_of(settings(timeout_s=0.2 if reply["delay_s"] else 5))
    times = f"{attempts} attempt" + "s" * (attempts > 1)
    assert text.startswith(f"language: {server.base_url} gave no object concepts of class 'boxing' in {times}: ")
    assert sentence in text


def test_a_key_that_the_model_repeats_is_not_kept(server, settings):
    server.last = answer(json.dumps({"concepts": [f"ball {KEY}"]}))
    assert ask(settings())["answers"] == {"boxing": ["ball [key]"]}


def test_no_server_at_all(settings):
    text = error_of(settings(base_url="http://127.0.0.1:9/v1", attempts=2))
    assert "in 2 attempts: no connection (" in text
    assert text.endswith("; start the server and run again")


def test_a_server_without_structured_output_is_asked_in_plain_words(server, settings):
    server.refuse = {"response_format": "unknown field"}
    assert ask(settings(attempts=1), ["boxing", "walking"])["answers"]["walking"] == ["ball", "bench"]
    assert [("response_format" in request) for request in server.requests] == [True, False, False]


def test_refused_parameters_are_left_out_or_renamed(server, settings):
    server.refuse = {
        "max_tokens": "Unsupported parameter: 'max_tokens'; use 'max_completion_tokens' instead.",
        "temperature": "'temperature' does not support 0.2 with this model",
    }
    ask(settings(attempts=1))
    last = server.requests[-1]
    assert last["max_completion_tokens"] == 512
    assert "response_format" in last
    assert not {"max_tokens", "temperature"} & set(last)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"base_url": ""},
            "language: base_url is empty, so no language model is asked; set it to the address of an OpenAI-compatible "
            "server, such as http://localhost:11434/v1, or choose another language.source",
        ),
        (
            {"base_url": "localhost:80"},
            "language: base_url 'localhost:80' is no address; it must begin with http:// or https://",
        ),
        (
            {"base_url": f"https://me:{KEY}@host/v1"},
            "language: base_url holds a user name, password or query, which would end up in logs; give the bare "
            "address and put the key into the environment variable OPENAI_API_KEY",
        ),
        (
            {"base_url": f"https://host/v1?key={KEY}"},
            "language: base_url holds a user name, password or query, which would end up in logs; give the bare "
            "address and put the key into the environment variable OPENAI_API_KEY",
        ),
        (
            {"base_url": "http://localhost/v1", "model": ""},
            "language: model is empty; name a model that http://localhost/v1 serves",
        ),
    ],
)
def test_settings_that_name_no_server_or_model_are_refused(server, settings, changes, sentence):
    assert error_of(settings(**changes)) == sentence
    assert server.requests == []


@pytest.mark.parametrize("key", ["kéy", "two words", "a\nb"])
def test_an_impossible_key_is_refused_without_showing_it(server, settings, monkeypatch, key):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    text = error_of(settings())
    assert (
        text == "language: the environment variable OPENAI_API_KEY holds characters that no key has; copy the key again"
    )
    assert server.requests == []
