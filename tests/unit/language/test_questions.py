import pytest

from dance_core.language.questions import parsed_answer, prompt_template, question


@pytest.mark.parametrize("family", ["object", "scene"])
def test_question_names_the_spoken_class_and_shows_the_answer_form(family):
    text = question(family, "clean_and_jerk")
    assert '"clean and jerk"' in text
    assert "{action}" not in text
    assert '{"concepts": [' in text
    assert prompt_template(family).count("{action}") == 2


@pytest.mark.parametrize("family", ["object", "scene"])
def test_the_example_in_the_question_is_an_answer(family):
    line = next(line for line in prompt_template(family).splitlines() if line.startswith("{"))
    assert len(parsed_answer(line)) >= 4


@pytest.mark.parametrize(
    "text",
    [
        '{"concepts": ["ball", "bench"]}',
        '["ball", "bench"]',
        'Sure!\n```json\n{"concepts": ["ball", " bench ", "ball", ""]}\n```\nGood luck.',
        '<think>maybe {"concepts": ["car"]}</think>\n{"concepts": ["ball", "bench"]}',
    ],
)
def test_answers_are_found_in_what_surrounds_them(text):
    assert parsed_answer(text) == ["ball", "bench"]


@pytest.mark.parametrize(
    "text", ["", "ball, bench", '{"concepts": ["ball"', '{"concepts": [1]}', '{"objects": ["ball"]}']
)
def test_other_answers_are_refused(text):
    with pytest.raises(ValueError, match="the answer is not a JSON list of concepts: "):
        parsed_answer(text)


def test_an_empty_answer_is_refused():
    with pytest.raises(ValueError, match="the answer names no concept"):
        parsed_answer('{"concepts": [" "]}')
