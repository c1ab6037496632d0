import json
import logging
import time
from dataclasses import replace
from email.utils import formatdate
from types import SimpleNamespace

import pytest

from dance_core.language.ask import ask_concepts
from dance_core.language.cache import AnswerCache
from dance_core.language.questions import ANSWER_SCHEMA, concept_question, prompt_template, text_sha256
from dance_core.language.settings import LanguageSettings
from dance_core.language_usage import Completion
from dance_core.tables import write_json
from tests.unit.language.chat_server import CUT, GOOD, KEY, answer, failure, forget_proxies, plain, raw, serving

PAID = Completion("json_schema", True, 100, 20, 1.5, "2025-05-01T00:00:00Z")


@pytest.fixture
def server():
    with serving() as state:
        yield state


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    forget_proxies(monkeypatch)


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
    return ask_concepts(family, list(classes), settings)[0]


def usage_of(settings, classes=("boxing",)):
    return ask_concepts("object", list(classes), settings)[1]


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
    assert request["messages"] == [{"role": "user", "content": concept_question("object", "clean_and_jerk").text}]
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
    cache.add(concept_question("object", "boxing"), PAID, ["bag"])
    cache.add(concept_question("object", "walking"), replace(PAID, created="2025-06-01T00:00:00Z"), ["dog"])
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
    for damage in (
        {"created": "now", "answer": ["ball"]},
        {"created": "now", "answer": ["a"], "completions": [{}]},
        [],
    ):
        write_json(entry, damage)
        ask(settings())
    assert len(server.requests) == 5


def test_answers_given_before_a_failure_are_kept(server, settings):
    server.script = [answer(), failure(404)]
    with pytest.raises(ValueError, match="class 'walking'"):
        ask(settings(), ["boxing", "walking"])
    ask(settings(), ["boxing", "walking"])
    assert len(server.requests) == 3


@pytest.fixture
def waits(monkeypatch):
    """Seconds that would have been waited, in their order."""
    found = []
    clock = SimpleNamespace(sleep=found.append, monotonic=time.monotonic)
    monkeypatch.setattr("dance_core.language.server.time", clock)
    return found


@pytest.mark.parametrize(("header", "seconds"), [("0.3", 0.3), ("0", 0), ("86400", 300)])
def test_429_waits_as_long_as_the_server_says_within_reason(server, settings, waits, header, seconds):
    server.script = [failure(429, headers={"Retry-After": header})]
    assert ask(settings())["answers"] == {"boxing": ["ball", "bench"]}
    assert waits == [seconds]


@pytest.mark.parametrize(("from_now", "low", "high"), [(100, 50, 100), (-100, 0, 0)])
def test_429_waits_until_the_moment_that_the_server_names(server, settings, waits, from_now, low, high):
    server.script = [failure(429, headers={"Retry-After": formatdate(time.time() + from_now, usegmt=True)})]
    ask(settings())
    assert low <= waits[0] <= high


@pytest.mark.parametrize("header", [{}, {"Retry-After": "soon"}])
def test_without_a_usable_retry_after_the_wait_doubles(server, settings, waits, header):
    server.script = [failure(429, headers=header), failure(500), failure(503)]
    ask(settings(attempts=4, backoff_s=0.1))
    assert waits == [0.1, 0.2, 0.4]


@pytest.mark.parametrize(
    "bad",
    [
        answer('{"concepts": ["ball"'),
        answer('{"concepts": []}'),
        answer("I cannot help with that."),
        answer(None),
        answer("<think>ball, or"),
        CUT,
        answer(GOOD, finish_reason="length"),
        raw(b"{broken"),
        raw(b"<html><p>Sign in</html>", "text/html"),
        answer("<html><p>Sign in</html>"),
        raw({"choices": []}),
        raw({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 0}}),
        raw({"choices": [{"index": 0}]}),
        failure(500),
        answer(delay_s=1.0),
    ],
)
def test_one_bad_reply_is_followed_by_another_attempt(server, settings, bad):
    server.script = [bad]
    slow = bad != CUT and bad["delay_s"] > 0
    assert ask(settings(timeout_s=0.5 if slow else 5))["answers"] == {"boxing": ["ball", "bench"]}
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
        (failure(402, "no money"), 1, "status 402 (no money); top up the account of the server and run again: answers"),
        (failure(429, "quota", code="insufficient_quota"), 1, "status 429 (quota); top up the account of the server"),
        (answer("no"), 3, "the answer is no list of concepts: 'no'; try another language.model or a larger "),
        (answer(f"no {KEY}"), 3, "the answer is no list of concepts: 'no [key]'"),
        (answer("x", "length"), 3, "the answer was cut off after 512 tokens; raise language.maximum_tokens"),
        (answer("", "content_filter"), 1, "the server's filter stopped the answer; try another language.model, or wri"),
        (
            answer(None, refusal=f"not for {KEY}"),
            1,
            "the model refused to answer (not for [key]); try another language.model, or write this answer yourself "
            "with language.source: file",
        ),
        (plain(500, f"<b>down {KEY}</b>"), 3, "status 500 (<b>down [key]</b>); run again later"),
        (plain(404, {"error": "model 'x' not found"}), 1, "status 404 (model 'x' not found); check language.base_url"),
        (plain(409, {"detail": f"of {KEY}"}), 3, 'status 409 ({"detail": "of [key]"}); run again later'),
        (raw(b"{broken"), 3, "the server sent what is no JSON ("),
        (CUT, 3, "no connection ("),
        (answer(delay_s=0.5), 3, "no answer within 0.2 s; raise language.timeout_s"),
        (raw([]), 3, "the server sent no chat completion (base_url usually ends in /v1); check language.base_url"),
        (raw(b"<html>", "text/html"), 3, "the server sent no chat completion (base_url usually ends in /v1)"),
    ],
)
def test_lasting_failure_is_told_without_the_key(server, settings, reply, attempts, sentence):
    server.last = reply
    text = error_of(settings(timeout_s=0.2 if reply != CUT and reply["delay_s"] else 5))
    assert len(server.requests) == (3 if reply == failure(400, "prompt too long") else attempts)
    times = f"{attempts} attempt" + "s" * (attempts > 1)
    assert text.startswith(f"language: {server.base_url} gave no object concepts of class 'boxing' in {times}: ")
    assert sentence in text


def test_a_key_that_the_model_repeats_is_not_kept(server, settings):
    server.last = answer(json.dumps({"concepts": [f"ball {KEY}"]}))
    assert ask(settings())["answers"] == {"boxing": ["ball [key]"]}


def test_a_word_in_place_of_a_key_leaves_the_answers_whole(server, settings, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "b")
    assert ask(settings())["answers"] == {"boxing": ["ball", "bench"]}


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_a_server_on_this_machine_is_asked_past_the_proxy(settings, monkeypatch, variable):
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    assert ask(settings(attempts=1))["answers"] == {"boxing": ["ball", "bench"]}


def test_no_server_at_all(settings):
    text = error_of(settings(base_url="http://127.0.0.1:9/v1", attempts=2))
    assert "in 2 attempts: no connection (" in text
    assert text.endswith("; start the server and run again")


@pytest.mark.parametrize(
    "refusal", [failure(400, "unknown field"), failure(422, "no", "response_format"), failure(500, "bad json_schema")]
)
def test_a_format_that_is_refused_is_left_for_the_rest_of_the_run(server, settings, refusal):
    server.refuse_formats = {"json_schema": refusal}
    assert ask(settings(attempts=1), ["boxing", "walking"])["answers"]["walking"] == ["ball", "bench"]
    assert server.formats == ["json_schema", "json_object", "json_object"]


def test_a_server_without_structured_output_is_asked_in_plain_words(server, settings):
    server.refuse_formats = {
        "json_schema": failure(400, "'response_format.type' must be 'text'"),
        "json_object": failure(400, "'response_format.type' must be 'text'"),
    }
    server.last = answer("Here you are:\n- **Ball**: round\n- Bench\n")
    assert ask(settings(attempts=1), ["boxing", "walking"])["answers"]["walking"] == ["Ball", "Bench"]
    assert server.formats == ["json_schema", "json_object", "text", "text"]


def test_nonsense_for_a_format_is_followed_by_a_plainer_one_which_is_remembered(server, settings, caplog):
    server.script = [answer("{}{}{}"), answer(f"[1] {KEY}"), answer("ball, bench, park")]
    assert ask(settings(), ["boxing", "walking"])["answers"]["boxing"] == ["ball", "bench", "park"]
    assert server.formats == ["json_schema", "json_object", "text", "text"]
    assert "object concepts of class 'boxing': no usable json_object: '[1] [key]'" in caplog.text


def test_an_answer_that_was_cut_off_or_a_busy_server_says_nothing_about_the_format(server, settings):
    server.script = [answer(GOOD, "length"), failure(503), answer()]
    ask(settings())
    assert server.formats == ["json_schema"] * 3


def test_a_question_that_the_server_refuses_in_every_format_spoils_none_for_the_others(server, settings):
    server.about = {"boxing": failure(400, "not this prompt")}
    with pytest.raises(ValueError, match="class 'boxing' in 1 attempt: status 400"):
        ask(settings(), ["boxing", "walking"])
    assert server.formats == ["json_schema", "json_object", "text", "json_schema"]


def test_one_unreadable_class_makes_no_other_plainer_and_a_refused_format_is_remembered_all_the_same(server, settings):
    server.refuse_formats = {"json_schema": failure(400)}
    server.about = {"boxing": answer("never")}
    with pytest.raises(ValueError, match="class 'boxing' in 2 attempts: the answer is no list"):
        ask(settings(attempts=2), ["boxing", "walking"])
    assert server.formats == ["json_schema", "json_object", "text", "json_object"]


def test_threads_share_what_is_known_of_the_server(server, settings):
    server.refuse_formats = {"json_schema": failure(400), "json_object": failure(400)}
    classes = [f"class {number}" for number in range(30)]
    answers = ask(settings(parallel_requests=3), classes)["answers"]
    assert list(answers) == classes
    # At most each of the three threads finds out by itself.
    assert 32 <= len(server.requests) <= 36
    assert server.formats[-20:] == ["text"] * 20


def test_a_class_that_fails_for_good_leaves_the_others_asked_and_kept(server, settings):
    server.about = {"boxing": answer("never"), "jogging": failure(400, "not this")}
    classes = ["boxing", "walking", "jogging", "clapping"]
    with pytest.raises(ValueError) as caught:
        ask(settings(attempts=2), classes)
    assert str(caught.value) == (
        f"language: {server.base_url} gave no object concepts of class 'boxing' in 2 attempts: the answer is no list "
        "of concepts: 'never'; try another language.model or a larger language.maximum_tokens\n"
        "- no object concepts of class 'jogging' in 1 attempt: status 400 (not this); check language.base_url and "
        "language.model\n"
        f"2 of 4 answers are kept in {settings().cache}"
    )
    server.about, before = {}, len(server.requests)
    assert list(ask(settings(), classes)["answers"]) == classes
    assert len(server.requests) == before + 2


def test_what_would_fail_alike_is_not_asked(server, settings):
    server.last = failure(401)
    with pytest.raises(ValueError) as caught:
        ask(settings(), ["boxing", "walking", "jogging"])
    assert str(caught.value).splitlines()[1:] == [
        "- 2 more were not asked, since they would have failed alike",
        f"0 of 3 answers are kept in {settings().cache}",
    ]
    assert len(server.requests) == 1


def test_a_server_that_answers_nothing_usable_is_not_asked_about_everything(server, settings):
    server.last = answer("x", "length")
    classes = [f"class {number}" for number in range(9)]
    with pytest.raises(ValueError, match="- 6 more were not asked, since") as caught:
        ask(settings(attempts=2), classes)
    assert len(server.requests) == 3 * 2
    assert "0 of 9 answers are kept" in str(caught.value)
    # A model that is known to answer, or one that refuses for good, says nothing about the next question.
    for about, n_attempts in (({"class 0": answer()}, 1 + 8 * 2), ({"class": answer("", "content_filter")}, 8)):
        server.about, before = about, len(server.requests)
        with pytest.raises(ValueError, match="class 'class 8' in"):
            ask(settings(attempts=2), classes)
        assert len(server.requests) == before + n_attempts


def test_classes_that_are_spoken_alike_pay_for_one_question(server, settings):
    document, usage = ask_concepts("object", ["YoYo", "boxing", "yo_yo"], settings())
    assert list(document["answers"].items()) == [(name, ["ball", "bench"]) for name in ("YoYo", "boxing", "yo_yo")]
    assert usage["class"].tolist() == ["YoYo", "boxing"]
    assert len(server.requests) == 2


def test_where_no_answer_can_be_kept_none_is_paid_for(server, settings, tmp_path):
    (tmp_path / "cache").touch()
    with pytest.raises(ValueError) as caught:
        ask(settings())
    assert str(caught.value) == (
        f"language: no answer can be kept in '{tmp_path / 'cache'}' (File exists), so none is asked for; "
        "set language.cache to a folder that can be written"
    )
    assert server.requests == []


def test_usage_counts_every_completion_and_a_rerun_pays_nothing(server, settings):
    server.script = [answer("never"), failure(503), answer(usage={"prompt_tokens": 80, "completion_tokens": 10})]
    priced = settings(price_per_million={"prompt": 1000.0, "completion": 2000.0}, queries_per_class=2)
    table = usage_of(priced)
    # 100 * 0.001 + 20 * 0.002, 80 * 0.001 + 10 * 0.002, and the second call like the first.
    assert table["cost"].tolist() == pytest.approx([0.14, 0.10, 0.14])
    assert table["prompt_tokens"].tolist() == [100, 80, 100]
    assert table["completion_tokens"].tolist() == [20, 10, 20]
    assert table["usable"].tolist() == [False, True, True]
    assert table["format"].tolist() == ["json_schema", "json_object", "json_object"]
    assert table["class"].tolist() == ["boxing"] * 3
    assert table[["call", "attempt"]].to_numpy().tolist() == [[0, 0], [0, 1], [1, 0]]
    assert not table["cached"].any()
    assert (table["seconds"] > 0).all()
    again = usage_of(priced)
    assert again["cached"].all()
    assert len(server.requests) == 4
    assert again.drop(columns="cached").equals(table.drop(columns="cached"))


def test_completions_of_a_run_that_failed_are_counted_in_the_next(server, settings):
    server.about = {"boxing": answer("never")}
    with pytest.raises(ValueError, match="no list of concepts"):
        ask(settings(attempts=2))
    server.about = {}
    table = usage_of(settings())
    assert table["usable"].tolist() == [False, False, True]
    assert table["cached"].tolist() == [True, True, False]


def test_a_server_that_tells_no_usage_leaves_it_unknown(server, settings):
    server.last = answer(usage=None)
    table = usage_of(settings(price_per_million={"prompt": 1.0, "completion": None}))
    assert table[["prompt_tokens", "completion_tokens", "cost"]].isna().all(axis=None)


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


def test_a_refused_parameter_is_found_in_any_form_of_refusal(server, settings):
    server.script = [plain(422, {"detail": [{"loc": ["body", "max_tokens"], "msg": "extra fields not permitted"}]})]
    ask(settings(attempts=1))
    assert "max_completion_tokens" in server.requests[1]
    assert server.formats == ["json_schema"] * 2


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
        *(
            (
                {"base_url": base_url},
                "language: base_url is no address, its host or port cannot be read; write it like "
                "http://localhost:11434/v1",
            )
            for base_url in ("http://localhost:port/v1", "http://localhost:99999/v1", "http://[::1/v1", "http://a b/v1")
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
