import pytest

from dance_core.language.parsing import json_documents, parsed_concepts, parsed_name, without_reasoning


@pytest.mark.parametrize(
    "text",
    [
        '{"concepts": ["ball", "bench"]}',
        '["ball", "bench"]',
        '{"objects": ["ball", "bench"], "action": "boxing"}',
        '{"concepts": [{"name": "ball", "why": "round"}, {"name": "bench"}]}',
        '{"concepts": ["ball", "bench",],}',
        'Sure!\n```json\n{"concepts": ["ball", " bench ", "ball", ""]}\n```\nGood luck.',
        'As in {"concepts": ["mug", "kettle"]} I answer {"concepts": ["ball", "bench"]} (see [1]).',
        '{"note": {"concepts": ["ball", "bench"]',
        '<think>maybe {"concepts": ["car"]}</think>\n{"concepts": ["ball", "bench"]}',
        'maybe {"concepts": ["car"]}\n</think>\n["ball", "bench"]',
        '<|channel|>analysis<|message|>["car"]<|end|><|start|>assistant<|channel|>final<|message|>["ball", "bench"]',
        "- ball\n- bench",
        f"- ball: {' ' * 9} round\n- bench{' ' * 9}– to sit on",
        "Here are some objects:\n\n1. **ball**: it is round\n2) bench - to sit on\n\nI hope this helps!",
        "Objects:\nball\nbench",
        "```\n* ball\n* bench\n```",
    ],
)
def test_concepts_are_found_in_what_surrounds_them(text):
    assert parsed_concepts(text) == ["ball", "bench"]


def test_a_line_with_commas_is_a_list_from_three_on():
    assert parsed_concepts("ball, park bench, and t-shirt.") == ["ball", "park bench", "t-shirt"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no",
        "ball, bench",
        '{"concepts": ["ball"',
        '{"concepts": [1]}',
        '{"concepts": "ball"}',
        "Sorry, I can't do that, friend",
        "- I cannot help",
        "People box in many places. They wear gloves.",
        "<html>\n<p>\n</html>",
        "<think>- ball\n- bench",
        "[" * 100_000,
    ],
)
def test_other_answers_are_refused(text):
    with pytest.raises(ValueError, match="the answer is no list of concepts: "):
        parsed_concepts(text)


def test_an_empty_list_is_refused():
    with pytest.raises(ValueError, match="the answer names no concept"):
        parsed_concepts('{"concepts": [" "]}')


@pytest.mark.parametrize(
    ("text", "name", "description"),
    [
        ('{"name": "straight punch", "description": "One arm  goes out."}', "straight punch", "One arm goes out."),
        ('```json\n{"name": "straight punch"}\n```', "straight punch", ""),
        ('{"name": "\\"straight punch\\".", "description": null}', "straight punch", ""),
        ("**Name:** straight punch\n**Description:** One arm goes out.", "straight punch", "One arm goes out."),
        ("<think>Name: kick</think>Name: straight punch", "straight punch", ""),
        ("Straight punch.", "Straight punch", ""),
    ],
)
def test_a_name_is_found_in_what_surrounds_it(text, name, description):
    assert parsed_name(text) == {"name": name, "description": description}


@pytest.mark.parametrize("text", ["", '{"name": ""}', '{"title": "punch"}', "I see a man who boxes.", "Name:"])
def test_an_answer_without_a_name_is_refused(text):
    with pytest.raises(ValueError, match="the answer names nothing: "):
        parsed_name(text)


def test_reasoning_that_never_ends_leaves_nothing():
    assert without_reasoning("<Thinking>a ball, a bench") == ""


def test_outermost_documents_in_their_order():
    assert json_documents('a {"b": [1]} c [2, 3] {d') == [{"b": [1]}, [2, 3]]
