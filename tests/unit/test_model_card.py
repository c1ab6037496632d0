"""The card of a model: valid for the hub, with what is known and nothing that tells of a machine."""

from dataclasses import replace

import numpy as np
import pytest
import yaml
from huggingface_hub import ModelCard

from dance_core.model import Concept
from dance_core.model_card import front_matter, licences, model_card, without_place, write_model
from tests.unit.new_video.small_model import model

METRICS = {
    "accuracy": {
        "dance": {
            "train": {"top1": 1.0, "top1_interval": [1.0, 1.0], "n": 8},
            "test": {"top1": 0.75, "top1_interval": [0.5, 1.0], "n": 4},
            "shift": {"top1": None, "top1_interval": None, "n": 0},
        },
        "linear_probe": {"test": {"top1": 0.5, "top1_interval": None, "n": 4}},
    },
    "nec": 1.5,
}


def table(card, title):
    """Rows of the first table below a title, the head left out."""
    lines = card.partition(f"\n## {title}\n")[2].splitlines()
    first = next(index for index, line in enumerate(lines) if line.startswith("|--"))
    rows = []
    for line in lines[first + 1 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


def test_the_hub_reads_its_fields():
    card = ModelCard(model_card(model(), METRICS))
    assert (card.data.license, card.data.library_name, card.data.pipeline_tag) == (
        *("apache-2.0", "dance-core", "video-classification"),
    )
    (result,) = card.data.eval_results
    assert (result.task_type, result.dataset_name, result.dataset_split) == ("video-classification", "tiny", "test")
    assert (result.metric_type, result.metric_value) == ("accuracy", 0.75)


def test_without_metrics_nothing_is_said_of_accuracy():
    fields = front_matter(model())
    assert "model-index" not in fields and "metrics" not in fields
    assert "## Accuracy" not in model_card(model())


def test_classes_and_concepts_by_hand():
    card = model_card(model())
    assert table(card, "Classes") == [
        ["box", "arm \\</script\\> (+0.50)", "gym (-1.00)"],
        ["jog \\<b\\>", "gym (+0.25)", "arm \\</script\\> (-0.50)"],
    ]
    assert table(card, "Concepts") == [["motion", "1", "1", "arm \\</script\\>"], ["scene", "2", "1", "gym"]]
    assert "which of 2 actions" in card and "3 named concepts, 2 of which" in " ".join(card.split())


def test_names_cannot_break_a_table_or_the_fields():
    trained = model(dataset="a: |b\n---\n")
    concepts = (Concept("motion", 0, "up | down\nleft, right"), *trained.concepts[1:])
    card = model_card(replace(trained, concepts=concepts))
    assert table(card, "Classes")[0][1] == "up \\| down left, right (+0.50)"
    assert yaml.safe_load(card.split("\n---\n")[0]) == ModelCard(card).data.to_dict()
    assert "# DANCE on a: \\|b ---" in card


def test_accuracy_stands_beside_the_probe():
    card = model_card(model(), METRICS)
    assert table(card, "Accuracy") == [
        ["train", "8", "100.0 % (100.0–100.0)", "–"],
        ["test", "4", "75.0 % (50.0–100.0)", "50.0 %"],
    ]
    assert "A class is decided by 1.5 concepts on average." in card
    assert "no interval" not in card


@pytest.mark.parametrize("interval", [None, [None, None]])
def test_a_split_of_one_group_stands_without_interval_and_says_why(interval):
    scores = {"dance": {"test": {"top1": 0.75, "top1_interval": interval, "n": 4}}}
    card = model_card(model(), {"accuracy": scores})
    assert table(card, "Accuracy") == [["test", "4", "75.0 %", "–"]]
    assert "\nA split whose clips are all of one group has no interval.\n" in card


def test_encoders_are_listed_with_digests_and_licences():
    rows = table(model_card(model()), "Encoders")
    assert [(row[0], row[1]) for row in rows] == [("blazepose", "Apache-2.0")] * 2 + [
        ("efficientnet\\_lite0", "Apache-2.0")
    ]
    assert rows[2][2:] == [
        "efficientnet-lite0.pth",
        f"`{model().encoders['efficientnet_lite0']['efficientnet-lite0.pth']}`",
    ]


@pytest.mark.parametrize(
    ("names", "licence"),
    [
        (["videomae-base"], "CC-BY-NC-4.0"),
        (["MCG-NJU/videomae-base"], "CC-BY-NC-4.0"),
        (["videomae-base", "viclip-base-patch16"], "CC-BY-NC-SA-4.0"),
    ],
)
def test_an_encoder_that_forbids_commercial_use_does_so_for_the_model(names, licence):
    others = {name: {"model.safetensors": "ab" * 32} for name in names}
    limited = replace(model(), encoders={**model().encoders, **others})
    assert licences(names[-1]) == [licence]
    assert front_matter(limited)["license"] == licence.lower()
    assert f"**No commercial use**: an encoder that made this model is under {licence}." in model_card(limited)
    assert "**No commercial use**" not in model_card(model())


def test_a_fine_tuned_network_is_bound_by_the_licence_of_what_it_started_from():
    backbone = {"name": "videomae", "model": "results/kth/finetuned"}
    encoders = {**model().encoders, "finetuned": {"model.safetensors": "ab" * 32}}
    taught = replace(model(backbone=backbone, finetuning={"model": "videomae-base"}), encoders=encoders)
    assert front_matter(taught)["license"] == "cc-by-nc-4.0"
    card = model_card(taught)
    assert table(card, "Encoders")[-1][:2] == ["finetuned", "CC-BY-NC-4.0"]
    assert "read by the backbone `videomae`, which was fine-tuned from `videomae-base`." in card
    for start in ("", "/home/me/own"):
        unknown = replace(model(backbone=backbone, finetuning={"model": start}), encoders=encoders)
        assert front_matter(unknown)["license"] == "other"
        assert table(model_card(unknown), "Encoders")[-1][1] == "see its source"
        assert "/home" not in model_card(unknown)


@pytest.mark.parametrize("encoders", [{}, {"somebody's": {"a.pt": "ab" * 32}}])
def test_encoders_that_are_not_known_leave_the_licence_open(encoders):
    unknown = replace(model(), encoders=encoders)
    assert front_matter(unknown)["license"] == "other"
    assert ModelCard(model_card(unknown)).data.license_name == "that-of-its-encoders-and-clips"
    assert ("no encoder is recorded" in model_card(unknown)) == (not encoders)


def test_training_and_certificate_are_told():
    trained = replace(
        model(training={"clips": 8, "splits": ["train", "val"], "seed": 1, "solver": "newton"}),
        certificate={"lam": 7e-4, "kkt_residual": 2.4329e-7, "gap": None, "converged": True, "iterations": 71},
        versions={"numpy": "2.4.6"},
    )
    card = model_card(trained)
    assert "On 8 clips of the data set *tiny* (train, val), seed 1, solver newton." in card
    assert table(card, "Training") == [
        ["strength of the penalty", "0.0007"],
        ["largest violation of the optimality (KKT) conditions", "2.43e-07"],
        ["converged", "yes"],
    ]
    assert "Software: numpy 2.4.6." in card
    assert "Test clips chose the settings" in card
    honest = model(training={"clips": 8, "splits": ["train"], "seed": 1, "solver": "newton"})
    assert "Test clips chose the settings" not in model_card(honest)


def test_many_classes_are_cut():
    many = replace(model(), classes=tuple(f"c{k}" for k in range(103)), weight=np.ones((103, 3)), bias=np.zeros(103))
    card = model_card(many)
    assert len(table(card, "Classes")) == 100
    assert "and 3 more, which `model.json` names." in card


def test_no_place_of_a_machine_is_told():
    settings = {"model": "/home/me/videomae", "two": [{"folder": "C:\\Users\\me\\poses"}], "hub": "a/b", "n": 3}
    assert without_place(settings) == {"model": "videomae", "two": [{"folder": "poses"}], "hub": "a/b", "n": 3}
    assert without_place("~/clips") == "clips"
    assert "/home" not in model_card(replace(model(), encoders={"/home/me/x.pt": {"/home/me/x.pt": "ab" * 32}}))


def test_a_model_is_written_with_its_card(tmp_path):
    write_model(model(), tmp_path, METRICS)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["README.md", "model.json", "model.safetensors"]
    assert (tmp_path / "README.md").read_text("utf-8") == model_card(model(), METRICS)
