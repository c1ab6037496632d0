import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dance_core.language.ask import ask_concepts
from dance_core.language.names import normalised_concept
from dance_core.language.settings import LanguageSettings
from dance_core.stage.casting import ACTIONS

ROOT = Path(__file__).parents[3]


def ask_recorded(folder, classes=("boxing", "walking"), family="object"):
    return ask_concepts(family, list(classes), LanguageSettings(answers=folder, name="kth"))[0]


def ask_file(path, text, classes=("boxing", "walking"), family="object"):
    path.write_text(text, "utf-8")
    return ask_concepts(family, list(classes), LanguageSettings(source="file", answers=path))[0]


def record(folder, **changes):
    document = {
        "family": "object",
        "source": "endpoint",
        "model": "some model",
        "prompt_sha256": "ab",
        "created": "2026-01-01T00:00:00Z",
        "answers": {"walking": ["dog"], "boxing": ["bag"], "diving": ["board"]},
    }
    path = folder / "kth.object.json"
    path.write_text(json.dumps(document | changes), "utf-8")
    return path


def test_recorded_answers_keep_who_answered_and_when_and_take_the_order_of_the_classes(tmp_path):
    record(tmp_path)
    document = ask_recorded(tmp_path)
    assert document == {
        "family": "object",
        "source": "recorded",
        "model": "some model",
        "prompt_sha256": "ab",
        "created": "2026-01-01T00:00:00Z",
        "answers": {"boxing": ["bag"], "walking": ["dog"]},
    }
    assert list(document["answers"]) == ["boxing", "walking"]


def test_recorded_answer_missing_for_a_class_names_class_file_and_the_nearest(tmp_path):
    path = record(tmp_path)
    with pytest.raises(ValueError) as error:
        ask_recorded(tmp_path, ["boxin"])
    assert str(error.value) == f"{path}: class 'boxin' has no answer (did you mean 'boxing'?); add its concepts"


def test_absent_recorded_answers_name_the_other_sources(tmp_path):
    sentence = (
        f"{tmp_path / 'kth.object.json'}: no recorded answers for data set 'kth'; "
        "name others as language.recorded, or set language.source to vocabulary, file or endpoint"
    )
    with pytest.raises(ValueError, match=re.escape(sentence)):
        ask_recorded(tmp_path)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"family": "scene"}, "family is 'scene'; expected 'object' in an answer document"),
        ({"answers": ["dog"]}, "answers are list; expected a list of concepts for each class"),
        ({"answers": {"boxing": "bag"}}, "class 'boxing' has 'bag'; expected a list of concepts, each a text"),
        ({"answers": {"boxing": [1]}}, "class 'boxing' has [1]; expected a list of concepts, each a text"),
    ],
)
def test_malformed_recorded_answers_are_refused(tmp_path, changes, sentence):
    path = record(tmp_path, **changes)
    with pytest.raises(ValueError) as error:
        ask_recorded(tmp_path)
    assert str(error.value) == f"{path}: {sentence}"


def test_recorded_answers_that_are_no_json_are_refused(tmp_path):
    (tmp_path / "kth.object.json").write_text("{", "utf-8")
    with pytest.raises(ValueError, match=r"kth.object.json: not a JSON document \(.*\); restore the file"):
        ask_recorded(tmp_path)


def test_file_answers(tmp_path):
    text = "object:\n  walking: [dog, 'a Bench']\n  boxing: []\nscene:\n  walking: [park]\n"
    document = ask_file(tmp_path / "mine.yaml", text)
    assert document["answers"] == {"boxing": [], "walking": ["dog", "a Bench"]}
    assert (document["source"], document["model"], document["created"]) == ("file", None, None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "object: {walking: [dog], boxing: [bag], wolking: [cat]}",
            " object: class 'wolking' is unknown (did you mean 'walking'?); "
            "use the class names of the data set: boxing, walking",
        ),
        ("object: {walking: [dog]}", " object: class 'boxing' has no answer; add its concepts"),
        ("objects: {walking: [dog]}", ": family 'objects' is unknown (did you mean 'object'?); use object and scene"),
        (
            "scene: {walking: [park]}",
            ": family 'object' is missing; add it, or leave it out of the families of the model",
        ),
        ("object: {walking: dog}", " object: class 'walking' has 'dog'; expected a list of concepts, each a text"),
        ("object: {yes: [dog]}", " object: class True is read as bool; put it in quotation marks"),
        ("object: [dog]", " object: answers are list; expected a list of concepts for each class"),
        ("- dog", ": found list; expected the keys object and scene"),
        ("", ": found NoneType; expected the keys object and scene"),
    ],
)
def test_file_errors_name_file_and_place(tmp_path, text, sentence):
    path = tmp_path / "mine.yaml"
    with pytest.raises(ValueError) as error:
        ask_file(path, text)
    assert str(error.value) == f"{path}{sentence}"


def test_file_that_is_no_yaml_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"mine.yaml: not a YAML document \(.*line 1.*\); correct it"):
        ask_file(tmp_path / "mine.yaml", "object: {")


def test_absent_file_is_refused(tmp_path):
    path = tmp_path / "mine.yaml"
    with pytest.raises(ValueError) as error:
        ask_concepts("object", ["boxing"], LanguageSettings(source="file", answers=path))
    assert str(error.value) == f"{path}: there is no such file; write it or change language.answers"


def test_unknown_family_and_classes_given_twice_are_refused():
    with pytest.raises(ValueError) as error:
        ask_concepts("scenes", ["boxing"], LanguageSettings())
    assert str(error.value) == "language: family 'scenes' is unknown (did you mean 'scene'?); use object or scene"
    with pytest.raises(ValueError) as error:
        ask_concepts("scene", ["boxing", "boxing"], LanguageSettings())
    assert str(error.value) == ("language: classes are ['boxing', 'boxing']; expected at least one class, each once")


@pytest.mark.parametrize(("family", "fewest", "most"), [("object", 5, 8), ("scene", 4, 6)])
def test_demo_answers_cover_its_classes_with_names_that_need_no_cleaning(family, fewest, most):
    document, usage = ask_concepts(family, ACTIONS, LanguageSettings(answers=ROOT / "data" / "answers", name="demo"))
    assert usage.empty
    assert document["model"] == "written for the demo"
    for concepts in document["answers"].values():
        assert fewest <= len(concepts) <= most
        assert [normalised_concept(concept) for concept in concepts] == concepts


def test_demo_answers_name_what_its_clips_show_and_more():
    settings = LanguageSettings(answers=ROOT / "data" / "answers", name="demo")
    named = {
        concept
        for family in ("object", "scene")
        for concepts in ask_concepts(family, ACTIONS, settings)[0]["answers"].values()
        for concept in concepts
    }
    shown = {"grass field", "gymnasium", "living room", "city street", "soccer ball", "park bench", "punching bag"}
    furniture = {"umbrella", "bookcase", "television", "parallel bars", "parked car", "traffic light"}
    assert shown | furniture | {"treadmill", "boxing ring", "concert hall"} <= named


def test_no_source_but_the_endpoint_loads_a_client():
    program = (
        "import sys; from dance_core.language.ask import LanguageSettings, ask_concepts; "
        "ask_concepts('object', ['boxing'], LanguageSettings()); "
        "sys.exit(bool({'openai', 'httpx', 'httpx2', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def test_recorded_answers_of_another_name_are_found_by_it(tmp_path):
    written = {"family": "object", "answers": {"boxing": ["punching bag"]}}
    (tmp_path / "ucf101.object.json").write_text(json.dumps(written), encoding="utf-8")
    settings = LanguageSettings(answers=tmp_path, recorded="ucf101", name="ucf101_split2")
    document, _ = ask_concepts("object", ["boxing"], settings)
    assert document["answers"] == written["answers"]
