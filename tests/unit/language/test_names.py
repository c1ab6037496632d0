import pytest

from dance_core.language.names import nearest_hint, normalised_concept, spoken_class


@pytest.mark.parametrize(
    ("class_name", "spoken"),
    [
        ("boxing", "boxing"),
        ("clean_and_jerk", "clean and jerk"),
        ("ApplyEyeMakeup", "apply eye makeup"),
        ("jump rope", "jump rope"),
        ("HIITWorkout", "hiit workout"),
        (" squat  ", "squat"),
    ],
)
def test_class_names_are_spoken(class_name, spoken):
    assert spoken_class(class_name) == spoken


@pytest.mark.parametrize(
    ("answer", "concept"),
    [
        ("  City   Street ", "city street"),
        ("- soccer ball", "soccer ball"),
        ("• soccer ball", "soccer ball"),
        ("* **Soccer ball**", "soccer ball"),
        ("1. soccer ball", "soccer ball"),
        ("12) soccer ball", "soccer ball"),
        ("- 1. soccer ball.", "soccer ball"),
        ("(3) soccer ball", "soccer ball"),
        ("3D printer", "3d printer"),
        ("2.5 kg plate", "2.5 kg plate"),
        ("soccer ball (black [and] white)", "soccer ball"),
        ("soccer ball (black", "soccer ball"),
        ("soccer (round) ball", "soccer ball"),
        ("A soccer ball", "soccer ball"),
        ('"the soccer ball",', "soccer ball"),
        ("catcher’s mitt", "catcher's mitt"),
        ("soccer_ball", "soccer ball"),
        ("(nothing)", ""),
        ("-", ""),
    ],
)
def test_concepts_are_normalised(answer, concept):
    assert normalised_concept(answer) == concept


def test_a_near_name_is_suggested_and_a_far_one_is_not():
    assert nearest_hint("boxng", ["walking", "boxing"]) == " (did you mean 'boxing'?)"
    assert nearest_hint("xyz", ["walking", "boxing"]) == ""
