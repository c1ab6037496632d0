import numpy as np
import pytest

from dance_core.concept_set import CONCEPT_SET_SCHEMA, ConceptFilter, build_concept_set
from dance_core.tables import read_table, write_table

CLASSES = ["boxing", "hand_waving"]


class Table:
    """Embeddings made by hand: every text has an axis of its own, except where a cosine is wanted."""

    def __init__(self, **cosines):
        self.cosines = {tuple(pair.split("~")): value for pair, value in cosines.items()}

    def __call__(self, texts):
        gram = np.eye(len(texts))
        for (first, second), value in self.cosines.items():
            if first in texts and second in texts:
                row, column = texts.index(first), texts.index(second)
                gram[row, column] = gram[column, row] = value
        values, vectors = np.linalg.eigh(gram)
        assert values.min() > -1e-9, "no vectors have these cosines"
        return (vectors * np.sqrt(np.clip(values, 0, None))).astype(np.float32)


def document(family, boxing, waving=()):
    return {"family": family, "answers": {"boxing": list(boxing), "hand_waving": list(waving)}}


def objects(*boxing, waving=(), cosines=None, **limits):
    table = build_concept_set(
        [document("object", boxing, waving)], CLASSES, Table(**(cosines or {})), ConceptFilter(**limits)
    )
    return dict(zip(table["concept"], table["reason"], strict=True))


def both(object_answers, scene_answers, cosines=None):
    table = build_concept_set(
        [document("object", *object_answers), document("scene", *scene_answers)],
        CLASSES,
        Table(**(cosines or {})),
        ConceptFilter(),
    )
    return {(row.family, row.concept): row.reason for row in table.itertuples()}


def test_concepts_are_united_normalised_and_sorted_with_the_classes_that_named_them():
    documents = [document("scene", ["gym"]), document("object", ["- Soccer Ball", "a bag"], ["soccer ball (new)"])]
    table = build_concept_set(documents, CLASSES, Table(), ConceptFilter())
    assert table.to_dict("records") == [
        {"family": "object", "concept": "bag", "classes": ["boxing"], "kept": True, "reason": ""},
        {"family": "object", "concept": "soccer ball", "classes": CLASSES, "kept": True, "reason": ""},
        {"family": "scene", "concept": "gym", "classes": ["boxing"], "kept": True, "reason": ""},
    ]


def test_too_long():
    length = {"x" * 30: "", "y" * 31: "too long: 31 characters, 30 allowed"}
    assert objects(*length) == length
    assert objects("y" * 31, maximum_length=0) == {"y" * 31: ""}


def test_length_is_measured_without_the_remark():
    assert objects("bag (an uncommonly long remark about it)") == {"bag": ""}


def test_class_names_however_written():
    assert objects("Boxing", "the hand waving", "handwaving", "hand-waving", "boxing bag") == {
        "boxing": "same as class 'boxing'",
        "boxing bag": "",
        "hand waving": "same as class 'hand_waving'",
        "hand-waving": "same as class 'hand_waving'",
        "handwaving": "same as class 'hand_waving'",
    }


def test_too_similar_to_a_class_name():
    cosines = {"fight~boxing": 0.85, "glove~boxing": 0.84, "fight~glove": 0.7, "wave~hand waving": 0.9}
    assert objects("fight", "glove", "wave", cosines=cosines) == {
        "fight": "too similar to class 'boxing' (0.85)",
        "glove": "",
        "wave": "too similar to class 'hand_waving' (0.90)",
    }


def test_of_near_duplicates_the_one_with_the_smaller_total_similarity_goes():
    cosines = {"bag~sack": 0.93, "sack~purse": 0.3}
    assert objects("bag", "sack", "purse", cosines=cosines) == {
        "bag": "near-duplicate of 'sack' (0.93)",
        "purse": "",
        "sack": "",
    }


def test_of_equal_near_duplicates_the_later_one_goes():
    assert objects("sack", "bag", cosines={"bag~sack": 0.90}) == {"bag": "", "sack": "near-duplicate of 'bag' (0.90)"}
    assert objects("sack", "bag", cosines={"bag~sack": 0.89}) == {"bag": "", "sack": ""}


def test_a_dropped_concept_drops_no_other():
    # Sums: a1 3.58, b1 3.54, c1 3.44, d1 3.20. b1 goes to a1, so c1 stays although it is near b1.
    cosines = {"a1~b1": 0.92, "b1~c1": 0.92, "a1~c1": 0.84, "a1~d1": 0.82, "b1~d1": 0.70, "c1~d1": 0.68}
    reasons = objects("a1", "b1", "c1", "d1", cosines=cosines)
    assert reasons == {"a1": "", "b1": "near-duplicate of 'a1' (0.92)", "c1": "", "d1": ""}


def test_same_concept_in_two_families_stays_where_more_classes_named_it():
    reasons = both([["court", "ring"], ["court"]], [["court", "ring"]])
    assert reasons == {
        ("object", "court"): "",
        ("object", "ring"): "same as scene concept 'ring'",
        ("scene", "court"): "same as object concept 'court'",
        ("scene", "ring"): "",
    }


def test_near_duplicates_in_two_families():
    reasons = both([["tennis court", "net"]], [["tennis courts", "park"]], {"tennis court~tennis courts": 0.93})
    assert reasons["object", "tennis court"] == "near-duplicate of scene concept 'tennis courts' (0.93)"
    assert reasons["scene", "tennis courts"] == ""


def test_across_families_the_most_similar_pair_is_settled_first():
    cosines = {"pitch~court": 0.92, "pitch~field": 0.96, "court~field": 0.85}
    reasons = both([["pitch", "net"]], [["court", "field"]], cosines)
    assert {key: why for key, why in reasons.items() if why} == {
        ("object", "pitch"): "near-duplicate of scene concept 'field' (0.96)"
    }


def test_order_of_documents_classes_and_answers_does_not_matter():
    first = [document("object", ["bag", "sack"], ["car"]), document("scene", ["gym"], ["bag"])]
    second = [document("scene", ["gym"], ["bag"]), document("object", ["sack", "bag"], ["car"])]
    cosines = {"bag~sack": 0.95}
    tables = [build_concept_set(documents, CLASSES, Table(**cosines), ConceptFilter()) for documents in (first, second)]
    assert tables[0].equals(tables[1])


def test_table_is_written_and_read(tmp_path):
    table = build_concept_set([document("object", ["bag", "boxing"])], CLASSES, Table(), ConceptFilter())
    write_table(tmp_path / "concept_set.parquet", table, CONCEPT_SET_SCHEMA)
    read = read_table(tmp_path / "concept_set.parquet")
    assert [list(classes) for classes in read["classes"]] == [["boxing"], ["boxing"]]
    assert read["kept"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("documents", "sentence"),
    [
        ([], "concept_set: no answer document is given; choose at least one family"),
        (
            [document("object", ["bag"]), document("object", ["bag"])],
            "concept_set: family 'object' is given twice; give one answer document for each",
        ),
        (
            [{"family": "scene", "answers": {"boxing": ["gym"]}}],
            "concept_set: answers for scene: class 'hand_waving' has no answer; add its concepts",
        ),
        (
            [{"family": "scene", "answers": {"boxin": ["gym"]}}],
            "concept_set: answers for scene: class 'boxin' is unknown (did you mean 'boxing'?); "
            "use the class names of the data set: boxing, hand_waving",
        ),
        (
            [document("object", ["bag"]), document("scene", ["boxing", "x" * 40])],
            "concept_set: no scene concept is left of 2 ('boxing' same as class 'boxing'; "
            f"'{'x' * 40}' too long: 40 characters, 30 allowed); loosen concept_set or give other answers, "
            "or leave 'scene' out of the families of the model",
        ),
        (
            [document("scene", [])],
            "concept_set: no scene concept is left of 0; loosen concept_set or give other answers, "
            "or leave 'scene' out of the families of the model",
        ),
    ],
)
def test_unusable_documents_are_refused(documents, sentence):
    with pytest.raises(ValueError) as error:
        build_concept_set(documents, CLASSES, Table(), ConceptFilter())
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("embed", "sentence"),
    [
        (lambda texts: np.ones((2, 4)), "concept_set: embeddings have shape (2, 4); expected 3 rows"),
        (
            lambda texts: np.array([[1.0, 0], [2, 0], [1, 0]]),
            "concept_set: embedding of 'boxing' has length 2; expected 1",
        ),
        (
            lambda texts: np.array([[np.nan, 0], [1, 0], [1, 0]]),
            "concept_set: embedding of 'bag' has length nan; expected 1",
        ),
    ],
)
def test_unusable_embeddings_are_refused(embed, sentence):
    with pytest.raises(ValueError) as error:
        build_concept_set([document("object", ["bag"])], CLASSES, embed, ConceptFilter())
    assert str(error.value) == sentence


def test_embeddings_of_the_caller_are_left_alone():
    features = np.eye(3) * 1.0005
    before = features.copy()
    build_concept_set([document("object", ["bag"])], CLASSES, lambda texts: features, ConceptFilter())
    assert np.array_equal(features, before)


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"maximum_length": -1}, "concept_set: maximum_length is -1; it must be at least 0"),
        ({"class_similarity": 0}, "concept_set: class_similarity is 0; it must be above 0 and at most 1"),
        ({"concept_similarity": 1.1}, "concept_set: concept_similarity is 1.1; it must be above 0 and at most 1"),
    ],
)
def test_limits_out_of_bounds_are_refused(limits, sentence):
    with pytest.raises(ValueError) as error:
        ConceptFilter(**limits)
    assert str(error.value) == sentence
