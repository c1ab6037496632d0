import pytest

from dance_core.language.manners import KnownManner, Manner
from dance_core.language.questions import ANSWER_SCHEMA, concept_question
from dance_core.language.settings import LanguageSettings

QUESTION = concept_question("object", "boxing")


def test_options_by_format():
    settings = LanguageSettings(maximum_tokens=7, temperature=0.5)
    schema = {"name": "concepts", "strict": True, "schema": ANSWER_SCHEMA}
    assert Manner().options(QUESTION, settings) == {
        "response_format": {"type": "json_schema", "json_schema": schema},
        "max_tokens": 7,
        "temperature": 0.5,
    }
    plainer = Manner("json_object", "max_completion_tokens", False)
    assert plainer.options(QUESTION, settings) == {
        "response_format": {"type": "json_object"},
        "max_completion_tokens": 7,
    }
    assert Manner("text", "", False).options(QUESTION, settings) == {}


@pytest.mark.parametrize(
    ("manner", "parameter", "message", "certain", "expected"),
    [
        (Manner(), "response_format", "no", True, Manner("json_object")),
        (Manner("json_object"), None, "must be 'json_schema' or 'text'", True, Manner("text")),
        (Manner(), None, "failed to compile the grammar", False, Manner("json_object")),
        (Manner(), None, "boom", False, None),
        (Manner(), None, "no", True, Manner("json_object")),
        (Manner("text"), None, "no", True, None),
        (Manner(), "max_tokens", "use 'max_completion_tokens'", True, Manner(limit="max_completion_tokens")),
        (Manner(limit="max_completion_tokens"), "max_completion_tokens", "unknown", True, Manner(limit="")),
        (Manner("text"), None, "temperature must be 1", True, Manner("text", temperature=False)),
        (Manner("text", temperature=False), None, "temperature must be 1", True, None),
    ],
)
def test_what_is_left_out_after_a_refusal(manner, parameter, message, certain, expected):
    assert manner.without(parameter, message, certain) == expected


def test_what_one_thread_left_out_is_not_taken_up_again_by_another():
    known = KnownManner()
    known.worked(Manner("json_object", temperature=False))
    known.worked(Manner("json_schema", "max_completion_tokens"))
    assert known.get() == Manner("json_object", "max_completion_tokens", temperature=False)
    assert str(known.get()) == "json_object, max_completion_tokens"
