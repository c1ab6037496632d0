import pytest

from dance_core.language.parsing import parsed_concepts
from dance_core.language.questions import concept_question, prompt_template, text_sha256


@pytest.mark.parametrize("family", ["object", "scene"])
def test_question_names_the_spoken_class_and_shows_the_answer_form(family):
    question = concept_question(family, "clean_and_jerk")
    assert '"clean and jerk"' in question.text
    assert "{action}" not in question.text
    assert '{"concepts": [' in question.text
    assert prompt_template(family).count("{action}") == 2
    assert (question.subject, question.about) == ("clean_and_jerk", f"{family} concepts of class 'clean_and_jerk'")


@pytest.mark.parametrize("family", ["object", "scene"])
def test_the_example_in_the_question_is_an_answer(family):
    line = next(line for line in prompt_template(family).splitlines() if line.startswith("{"))
    assert len(parsed_concepts(line)) >= 4


def test_a_question_is_recognised_by_its_words_and_picture():
    plain = concept_question("object", "boxing")
    assert plain.digest == text_sha256(plain.text)
    assert concept_question("object", "boxing", call=1).digest == plain.digest
