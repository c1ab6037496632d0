from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dance_core.concept_names import ConceptName, forget_names, read_names, renamed, write_names
from dance_core.explain import contributions
from dance_core.feature_store import FeatureStore
from dance_core.model import Concept, Model
from dance_core.tables import write_json

PUNCH = ConceptName("motion", 1, "boxing 2", "punch", "One arm goes out.", "human", "m1")
ELSEWHERE = ConceptName("motion", 9, "walking 9", "stroll", "", "model", "m9")


def model():
    concepts = (Concept("motion", 0, "boxing 1"), Concept("motion", 1, "boxing 2"), Concept("object", 1, "bag"))
    numbers = np.zeros(2), np.ones(2), np.ones((3, 2)), np.zeros(3), np.ones(3), np.ones((2, 3)), np.zeros(2)
    return Model(*numbers, ("box", "walk"), concepts)


def test_a_name_beside_the_model_is_what_everybody_reads(tmp_path):
    model().save(tmp_path)
    before = (tmp_path / "model.json").read_bytes()
    write_names(tmp_path / "names.json", [PUNCH, ELSEWHERE])
    assert read_names(tmp_path) == [PUNCH, ELSEWHERE]
    named = Model.load(tmp_path)
    assert [concept.name for concept in named.concepts] == ["boxing 1", "punch", "bag"]
    assert named.concepts[1].extra == {
        "trained_name": "boxing 2",
        "description": "One arm goes out.",
        "source": "human",
    }
    features = pd.DataFrame({"clip_id": ["a"], "features": [np.ones(2)]})
    manifest = pd.DataFrame({"clip_id": ["a"], "label": ["box"], "split": ["test"]})
    assert next(contributions(named, FeatureStore([features]), manifest))["name"].tolist() == [
        "boxing 1",
        "punch",
        "bag",
    ]
    assert (tmp_path / "model.json").read_bytes() == before
    assert Model.load(tmp_path, named=False).concepts == model().concepts


def test_a_new_model_does_not_take_the_names_of_the_former(tmp_path):
    model().save(tmp_path)
    write_names(tmp_path / "names.json", [PUNCH])
    model().save(tmp_path)
    assert Model.load(tmp_path).concepts == model().concepts
    forget_names(tmp_path)  # nothing there is no trouble


def test_a_named_model_that_is_stored_elsewhere_keeps_its_names(tmp_path):
    model().save(tmp_path)
    write_names(tmp_path / "names.json", [PUNCH])
    Model.load(tmp_path).save(tmp_path / "copy")
    assert Model.load(tmp_path / "copy").concepts[1].name == "punch"


def test_names_of_another_model_are_refused(tmp_path):
    model().save(tmp_path)
    write_names(tmp_path / "names.json", [replace(PUNCH, trained_name="walking 1")])
    with pytest.raises(ValueError) as caught:
        Model.load(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path / 'names.json'}: names motion concept 1 'walking 1', which the model calls 'boxing 2'; it belongs "
        "to another model: delete it or run the rule naming again"
    )


@pytest.mark.parametrize("document", [[], {}, {"names": [{"id": 1}]}, {"names": 3}])
def test_a_file_of_another_form_is_refused(tmp_path, document):
    write_json(tmp_path / "names.json", document)
    with pytest.raises(ValueError, match=r"names\.json: not a list of concept names \("):
        read_names(tmp_path)
    (tmp_path / "names.json").write_text("{", "utf-8")
    with pytest.raises(ValueError, match=r"names\.json: not a list of concept names \("):
        read_names(tmp_path)


def test_names_in_a_table():
    table = pd.DataFrame({"family": ["motion", "object"], "concept": [1, 1], "name": ["boxing 2", "bag"]}, index=[5, 7])
    given = renamed(table, [PUNCH])
    assert given["name"].tolist() == ["punch", "bag"]
    assert given["trained_name"].tolist() == ["boxing 2", ""]
    assert given["description"].tolist() == ["One arm goes out.", ""]
    assert given["source"].tolist() == ["human", ""]
    assert renamed(table.drop(columns="family"), [PUNCH], "motion")["name"].tolist() == ["punch", "punch"]
    assert renamed(table[:0], [PUNCH])["name"].tolist() == []
