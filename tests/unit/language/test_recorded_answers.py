"""The answers that are shipped for published data sets: complete, of the asked form, and not lost to the filters."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from dance_core.concept_set import ConceptFilter, build_concept_set
from dance_core.datasets.kth import ACTIONS
from dance_core.language.documents import recorded_document
from dance_core.language.names import normalised_concept
from dance_core.networks.sentence_encoder import SentenceEncoder
from tests.unit.networks.real_weights import WEIGHTS, needs

ROOT = Path(__file__).parents[3]
PENN = (
    "baseball_pitch baseball_swing bench_press bowl clean_and_jerk golf_swing jump_rope jumping_jacks pullup pushup "
    "situp squat strum_guitar tennis_forehand tennis_serve"
)
BODY = (
    "ankle arm back beard chest chin ear elbow eye face finger foot feet hair hand head hip knee leg mouth neck nose "
    "shoulder teeth thumb toe tooth torso waist wrist"
)
PEOPLE = "athlete baby boy child coach dancer girl man people person player referee spectator woman"


def classes_of(name):
    if name in ("haa100", "ucf101"):
        return (ROOT / "data" / "classes" / f"{name}.txt").read_text("utf-8").splitlines()
    return list(ACTIONS) if name == "kth" else PENN.split()


def documents_of(name, classes=None):
    folder = ROOT / "data" / "answers"
    return [recorded_document(family, classes or classes_of(name), folder, name) for family in ("object", "scene")]


@pytest.fixture(params=["kth", "penn_action", "haa100", "ucf101"])
def name(request):
    return request.param


def test_the_answers_are_about_exactly_the_classes_of_the_data_set(name):
    for family in ("object", "scene"):
        document = json.loads((ROOT / "data" / "answers" / f"{name}.{family}.json").read_text("utf-8"))
        assert set(document["answers"]) == set(classes_of(name))
        assert document["model"] == "written for this project"
        assert document["source"] == "recorded"


def test_the_classes_of_ucf101_are_the_101_official_ones():
    names = classes_of("ucf101")
    assert len(set(names)) == 101
    assert names == sorted(names, key=str.lower)
    odd = {"HandstandPushups", "Shotput", "Skijet", "SkateBoarding", "TaiChi", "YoYo", "CleanAndJerk", "WallPushups"}
    assert odd <= set(names)


def test_every_answer_has_the_form_that_the_prompts_ask_for(name):
    for document in documents_of(name):
        for label, concepts in document["answers"].items():
            place = f"{name} {document['family']} {label}"
            assert 6 <= len(concepts) == len(set(concepts)) <= 10, place
            for concept in concepts:
                words = concept.split()
                assert normalised_concept(concept) == concept, place
                assert 1 <= len(words) <= 3, (place, concept)
                assert words[-1] not in f"{BODY} {PEOPLE}".split(), (place, concept)


def test_no_answer_is_too_long_or_a_class_name_or_of_both_families(name):
    concepts = build_concept_set(
        documents_of(name), classes_of(name), lambda texts: np.eye(len(texts)), ConceptFilter()
    )
    assert concepts[~concepts["kept"]][["concept", "reason"]].to_numpy().tolist() == []


def test_classes_share_concepts(name):
    for document in documents_of(name):
        times = Counter(concept for concepts in document["answers"].values() for concept in concepts)
        assert sum(times.values()) / len(times) > 1.05, document["family"]


@needs("minilm")
def test_every_class_keeps_most_of_its_concepts_by_a_real_text_encoder():
    classes = classes_of("ucf101")[::4]
    concepts = build_concept_set(
        documents_of("ucf101", classes), classes, SentenceEncoder(WEIGHTS, torch.device("cpu")), ConceptFilter()
    )
    kept = concepts[concepts["kept"]]
    assert len(kept) / len(concepts) > 0.95
    for family, rows in kept.groupby("family"):
        times = Counter(label for labels in rows["classes"] for label in labels)
        assert min(times[label] for label in classes) >= 5, family
