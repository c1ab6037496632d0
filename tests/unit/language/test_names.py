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
        ("battle-rope_jumping-jack", "battle rope jumping jack"),
        ("badminton_overswing", "badminton overswing"),
        ("figure_skate_I_spin", "figure skate i spin"),
        ("figure_skate_inaBauer", "figure skate ina bauer"),
        ("ALS_IceBucket_Challenge", "als ice bucket challenge"),
        ("CPR", "cpr"),
        ("play_ otamatone", "play otamatone"),
        ("TaiChi", "tai chi"),
        ("HandstandPushups", "handstand pushups"),
        ("draw_sword", "draw sword"),
        ("abseiling", "abseiling"),
        ("massaging person's head", "massaging person's head"),
        ("shooting goal (soccer)", "shooting goal (soccer)"),
        ("Pushing [something] from left to right", "pushing something from left to right"),
        (
            "Pushing something so that it almost falls off but doesn't",
            "pushing something so that it almost falls off but doesn't",
        ),
        ("Touching (without moving) [part] of [something]", "touching (without moving) part of something"),
        ("[Something] falling like a rock", "something falling like a rock"),
    ],
)
def test_class_names_are_spoken(class_name, spoken):
    assert spoken_class(class_name) == spoken


@pytest.mark.parametrize(
    ("class_name", "spoken"),
    [
        ("bowl", "bowling"),
        ("bowls_throw", "bowls throw"),
        ("golf_part", "golf putt"),
        ("air_hocky", "air hockey"),
        ("discuss_throw", "discus throw"),
        ("discuss", "discuss"),
        ("bowing_fullbody", "bowing full body"),
        ("balancebeam_flip", "balance beam flip"),
        ("unevenbar_spin", "uneven bars spin"),
        ("yoga_updog", "yoga upward dog"),
        ("YoYo", "yo-yo"),
        ("play_yoyo", "play yo-yo"),
        ("Skijet", "jet ski"),
        ("SkateBoarding", "skateboarding"),
        ("Shotput", "shot put"),
        ("fall_floor", "fall on the floor"),
    ],
)
def test_labels_that_say_something_else_are_put_right(class_name, spoken):
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
