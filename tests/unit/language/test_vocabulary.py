import numpy as np
import pytest

from dance_core.language.ask import ask_concepts
from dance_core.language.names import normalised_concept
from dance_core.language.settings import LanguageSettings
from dance_core.language.vocabulary import TrainClips, shipped_vocabulary, vocabulary_answers

# Words are the axes, so a clip's features are its similarities.
AXES = np.eye(4, dtype=np.float32)
CLIPS = np.array(
    [
        [0.9, 0.5, 0.1, 0.3],  # boxing
        [0.9, 0.1, 0.1, 0.1],  # boxing
        [0.9, 0.5, 0.3, 0.3],  # walking
        [0.9, 0.1, 0.3, 0.5],  # walking
    ],
    dtype=np.float32,
)
LABELS = ["boxing", "boxing", "walking", "walking"]
WORDS = ["person", "bag", "park", "dog"]


def test_effects_by_hand():
    # person is equal in all clips: z 0. bag has the same mean in both classes: effect 0.
    # park: z -1, -1, 1, 1, so walking 2 and boxing -2.
    # dog: mean .3, deviation .1414, z 0, -1.414, 0, 1.414, so walking 1.414 and boxing -1.414.
    answers = vocabulary_answers(CLIPS, LABELS, AXES, WORDS, per_class=2)
    assert answers == {"boxing": ["person", "bag"], "walking": ["park", "dog"]}


def test_a_word_that_suits_every_clip_is_not_characteristic():
    assert vocabulary_answers(CLIPS, LABELS, AXES, WORDS, per_class=4)["walking"] == ["park", "dog", "person", "bag"]


def test_equal_effects_go_in_the_order_of_the_vocabulary():
    answers = vocabulary_answers(CLIPS, LABELS, AXES[[1, 2, 2, 0]], ["c", "b", "a", "d"], per_class=2)
    assert answers["walking"] == ["b", "a"]


def test_the_order_of_the_clips_does_not_matter():
    random = np.random.default_rng(0)
    clips, words = random.normal(size=(30, 8)), random.normal(size=(50, 8))
    labels = [f"class {index % 3}" for index in range(30)]
    names = [f"word {index}" for index in range(50)]
    order = random.permutation(30)
    straight = vocabulary_answers(clips, labels, words, names, 50)
    assert vocabulary_answers(clips[order], [labels[index] for index in order], words, names, 50) == straight


def test_effects_against_a_slow_derivation():
    random = np.random.default_rng(1)
    clips, words = random.normal(size=(12, 5)), random.normal(size=(20, 5))
    labels = ["a", "b", "c"] * 4
    effects = []
    for word in words:
        similarity = [float(clip @ word) for clip in clips]
        mean = sum(similarity) / 12
        deviation = (sum((value - mean) ** 2 for value in similarity) / 12) ** 0.5
        z = [(value - mean) / deviation for value in similarity]
        inside = [value for value, label in zip(z, labels, strict=True) if label == "b"]
        outside = [value for value, label in zip(z, labels, strict=True) if label != "b"]
        effects.append(sum(inside) / len(inside) - sum(outside) / len(outside))
    expected = [str(word) for word in np.argsort(effects)[::-1][:7]]
    assert vocabulary_answers(clips, labels, words, [str(word) for word in range(20)], 7)["b"] == expected


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"labels": LABELS[:3]}, "vocabulary: clip features have shape (4, 4) but there are 3 labels"),
        ({"vocabulary": WORDS[:3]}, "vocabulary: vocabulary features have shape (4, 4) but there are 3 words"),
        (
            {"vocabulary_features": np.ones((4, 3))},
            "vocabulary: clips have 4 features but words have 3; both must come from the same dual encoder",
        ),
        ({"clip_features": CLIPS * np.nan}, "vocabulary: clip features are not all finite; compute them again"),
        ({"labels": ["boxing"] * 4}, "vocabulary: train clips have 1 class; choosing words needs at least 2"),
    ],
)
def test_what_does_not_fit_is_refused(change, sentence):
    arguments = {"clip_features": CLIPS, "labels": LABELS, "vocabulary_features": AXES, "vocabulary": WORDS}
    with pytest.raises(ValueError) as error:
        vocabulary_answers(**(arguments | change), per_class=1)
    assert str(error.value) == sentence


def embed_by_position(texts):
    return np.random.default_rng(len(texts)).normal(size=(len(texts), 4))


def test_the_source_vocabulary_gives_the_same_document_again():
    clips = TrainClips(CLIPS, LABELS, embed_by_position)
    settings = LanguageSettings(source="vocabulary", per_class=3)
    document, usage = ask_concepts("scene", ["walking", "boxing"], settings, clips)
    assert document == ask_concepts("scene", ["walking", "boxing"], settings, clips)[0]
    assert usage.empty
    assert list(document["answers"]) == ["walking", "boxing"]
    assert all(
        len(words) == 3 and set(words) <= set(shipped_vocabulary("scene")) for words in document["answers"].values()
    )
    assert (document["source"], document["model"], document["created"]) == ("vocabulary", "shipped vocabulary", None)
    assert len(document["prompt_sha256"]) == 64


def test_a_class_without_train_clips_is_named():
    clips = TrainClips(CLIPS, LABELS, embed_by_position)
    with pytest.raises(ValueError) as error:
        ask_concepts("scene", ["running"], LanguageSettings(source="vocabulary"), clips)
    assert str(error.value) == (
        "vocabulary: class 'running' has no train clip; add one, or set language.source to file"
    )


def test_the_source_vocabulary_needs_clips():
    with pytest.raises(ValueError) as error:
        ask_concepts("scene", ["running"], LanguageSettings(source="vocabulary"))
    assert str(error.value) == "language: source 'vocabulary' needs the train clips; compute clip_features first"


@pytest.mark.parametrize(("family", "fewest"), [("object", 300), ("scene", 140)])
def test_shipped_vocabularies_are_sorted_clean_and_without_repeats(family, fewest):
    words = shipped_vocabulary(family)
    assert len(words) >= fewest
    assert words == sorted(set(words))
    assert [normalised_concept(word) for word in words] == words
    assert max(map(len, words)) <= 30


def test_shipped_vocabularies_share_no_word():
    assert not set(shipped_vocabulary("object")) & set(shipped_vocabulary("scene"))
