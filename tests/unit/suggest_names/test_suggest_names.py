import base64
import logging

import numpy as np
import pandas as pd
import pytest

from dance_core.language.settings import LanguageSettings
from dance_core.naming import NameRow
from dance_core.suggest_names import NAME_SCHEMA, suggested_names
from dance_core.suggest_names.strips import POSES
from tests.unit.language.chat_server import CUT, KEY, answer, failure, forget_proxies, serving
from tests.unit.suggest_names.test_strips import STANDING

GOOD = '{"name": "arms hang still", "description": "Nothing moves."}'
CONCEPTS = pd.DataFrame(
    {
        "concept": np.array([0, 1], np.int32),
        "name": ["boxing 1", "walking 1"],
        "key": ["m0", "m1"],
        "size": [8, 5],
        "medoid": ["b:0-30", "w:5-20"],
        "clip_id": ["b", "w"],
        "start": [0, 5],
        "end": [30, 20],
        "class_counts": ['{"boxing": 8}', '{"jogging": 2, "walking": 3}'],
    }
)
SEGMENTS = pd.DataFrame({"segment_id": ["b:0-30", "w:5-20"], "joints": [np.tile(STANDING, (2, 1, 1)).ravel()] * 2})
MANIFEST = pd.DataFrame({"clip_id": ["b", "w"], "fps": [25.0, np.nan]})


@pytest.fixture
def server(monkeypatch, caplog):
    forget_proxies(monkeypatch)
    caplog.set_level(logging.DEBUG)
    with serving() as state:
        state.last = answer(GOOD)
        yield state
    assert KEY not in caplog.text


@pytest.fixture
def suggest(server, tmp_path):
    def ask(given=(), concepts=CONCEPTS, segments=SEGMENTS, **changes):
        usual = {"source": "endpoint", "base_url": server.base_url, "model": "eyes", "cache": tmp_path / "cache"}
        usual |= {"parallel_requests": 1, "attempts": 3, "backoff_s": 0.01, "timeout_s": 5}
        return suggested_names(concepts, segments, MANIFEST, list(given), LanguageSettings(**(usual | changes)))

    return ask


def test_the_picture_and_the_classes_are_sent_and_the_answer_is_a_suggestion(server, suggest):
    found = suggest()
    assert found.rows[1] == NameRow(
        "m1", "1", "arms hang still", "Nothing moves.", "model", "walking 1", "walking 3, jogging 2", "w frames 5-20"
    )
    words, picture = server.requests[1]["messages"][0]["content"]
    assert (
        "2 stick figures side by side, numbered from left to right in the order of time, at equal steps.\n"
        in (words["text"])
    )
    assert "a group of 5 alike movements, found in videos labelled: walking (3), jogging (2)." in words["text"]
    assert "at equal steps, 1.2 s in all." in server.requests[0]["messages"][0]["content"][0]["text"]
    header, _, data = picture["image_url"]["url"].partition(",")
    assert (picture["type"], header) == ("image_url", "data:image/png;base64")
    assert base64.b64decode(data) == found.strips[1]
    schema = server.requests[0]["response_format"]["json_schema"]
    assert (schema["name"], schema["schema"]) == ("name", NAME_SCHEMA)


def test_a_long_segment_is_announced_with_the_poses_that_are_drawn(server, suggest):
    suggest(concepts=CONCEPTS[:1], segments=SEGMENTS.assign(joints=[np.tile(STANDING, (16, 1, 1)).ravel()] * 2))
    assert f"as {POSES} stick figures" in server.requests[0]["messages"][0]["content"][0]["text"]


def test_usage_is_logged_and_a_second_run_pays_nothing(server, suggest):
    assert suggest().usage["class"].tolist() == ["boxing 1", "walking 1"]
    again = suggest()
    assert again.usage["cached"].all()
    assert again.rows == suggest().rows
    assert len(server.requests) == 2


def test_what_a_person_named_is_not_asked_for(server, suggest):
    given = [NameRow("m0", "0", "punch", source="human"), NameRow("m1", "1", "walk", source="model")]
    assert [row.key for row in suggest(given).rows] == ["m1"]
    everything = [*given[:1], NameRow("m1", "1", "walk", source="human")]
    assert (suggest(everything).rows, len(server.requests)) == ([], 1)


def test_the_same_words_with_another_picture_are_another_question(server, suggest):
    suggest()
    suggest(segments=SEGMENTS.assign(joints=[joints * np.linspace(1, 2, joints.size) for joints in SEGMENTS["joints"]]))
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "trouble",
    [
        [failure(429, headers={"Retry-After": "0.01"})],
        [failure(500), failure(503)],
        [CUT],
        [answer(GOOD, delay_s=1.0)],
        [answer("What a figure! I cannot say."), answer('{"title": "x"}')],
        [answer(GOOD, "length")],
    ],
)
def test_a_server_in_trouble_is_asked_again(server, suggest, trouble):
    server.script = list(trouble)
    slow = trouble[0] != CUT and trouble[0]["delay_s"] > 0
    assert [row.name for row in suggest(timeout_s=0.5 if slow else 5).rows] == ["arms hang still"] * 2
    assert len(server.requests) == 2 + len(trouble)


def test_a_server_without_formats_is_asked_for_text(server, suggest):
    server.refuse_formats = {"json_schema": failure(400), "json_object": failure(400)}
    server.last = answer("**Name:** arms hang still\n**Description:** Nothing moves.")
    assert suggest().rows[0].description == "Nothing moves."
    assert server.formats == ["json_schema", "json_object", "text", "text"]


@pytest.mark.parametrize(
    ("name", "cut"), [("arm " * 20, "arm " * 14 + "arm…"), ("arm_" * 20, "arm_" * 14 + "arm…"), ("a" * 60, "a" * 60)]
)
def test_a_name_that_is_too_long_is_cut(server, suggest, name, cut):
    server.last = answer(f'{{"name": "{name}", "description": ""}}')
    assert suggest().rows[0].name == cut


def test_a_model_that_sees_nothing_is_told(server, suggest):
    server.last = failure(400, "image_url is not supported")
    with pytest.raises(
        ValueError, match=r"no name for motion concept 0 \(boxing 1\) in 1 attempt: status 400 \(image_url"
    ):
        suggest()


def test_a_medoid_without_segment_is_refused(suggest):
    with pytest.raises(ValueError, match="pose_segments: medoid 'gone' is absent; rebuild motion_concepts"):
        suggest(concepts=CONCEPTS.assign(medoid="gone"))
