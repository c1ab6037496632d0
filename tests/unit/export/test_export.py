"""A model for the hub and as an ONNX graph, through the command."""

import json
import sys
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
from huggingface_hub import ModelCard

from dance_core.__main__ import main
from dance_core.export import export_model
from dance_core.model import Model
from dance_core.tables import read_json, write_json
from tests.unit.new_video.small_model import model
from tests.unit.test_model import small_model

CERTIFICATE = {"lam": 7e-4, "objective": 0.25, "converged": True}
METRICS = {
    "accuracy": {"dance": {"test": {"top1": 0.75, "top1_interval": [0.5, 1.0], "n": 4}}},
    "classes": ["box", "jog <b>"],
    "certificate": CERTIFICATE,
    "nec": 1.5,
}


@pytest.fixture
def run(tmp_path):
    """The folder of a run: a model, whose settings name a place of the machine, and what was measured of it."""
    trained = replace(model(), certificate=CERTIFICATE)
    trained.settings["backbone"] = {**trained.settings["backbone"], "model": "/home/me/own-backbone"}
    trained.save(tmp_path / "run" / "model")
    write_json(tmp_path / "run" / "metrics.json", METRICS)
    return tmp_path / "run"


def test_a_hub_folder_is_whole_valid_and_tells_of_no_machine(run, tmp_path, capsys):
    assert main(["export", str(run / "model"), "--to", str(tmp_path / "out")]) == 0
    names = [".gitattributes", "README.md", "config.json", "metrics.json", "model.json", "model.safetensors"]
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == names
    assert sorted(capsys.readouterr().out.split()) == [str(tmp_path / "out" / name) for name in names]
    card = ModelCard.load(tmp_path / "out" / "README.md")
    assert card.data.eval_results[0].metric_value == 0.75
    assert read_json(tmp_path / "out" / "metrics.json") == METRICS
    config = read_json(tmp_path / "out" / "config.json")
    assert (config["id2label"], config["label2id"]) == ({"0": "box", "1": "jog <b>"}, {"box": 0, "jog <b>": 1})
    assert (config["feature_size"], config["concepts"]) == (2, {"motion": 1, "scene": 2})
    for file in (tmp_path / "out").iterdir():
        assert b"/home" not in file.read_bytes()
    assert config["backbone"]["model"] == "own-backbone"


def test_an_exported_model_says_what_it_said_before_and_exports_again_the_same(run, tmp_path):
    export_model(run / "model", tmp_path / "out")
    features = np.random.default_rng(0).normal(size=(5, 2))
    given, taken = Model.load(run / "model"), Model.load(tmp_path / "out")
    np.testing.assert_array_equal(given.logits(features), taken.logits(features))
    export_model(tmp_path / "out", tmp_path / "again")
    for file in (tmp_path / "out").iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()


@pytest.mark.parametrize("other", [{"certificate": {"lam": 1}}, {"classes": ["box"]}])
def test_metrics_of_another_model_are_left_out(run, tmp_path, other):
    export_model(run / "model", tmp_path / "out")
    write_json(run / "metrics.json", METRICS | other)
    assert "metrics.json" not in [file.name for file in export_model(run / "model", tmp_path / "out")]
    assert not (tmp_path / "out" / "metrics.json").exists()
    assert "## Accuracy" not in (tmp_path / "out" / "README.md").read_text("utf-8")


def test_what_might_be_published_by_mistake_is_refused(run, tmp_path, capsys):
    (tmp_path / "out" / ".git").mkdir(parents=True)
    export_model(run / "model", tmp_path / "out", "onnx")
    export_model(run / "model", tmp_path / "out")
    (tmp_path / "out" / "notes.txt").touch()
    assert main(["export", str(run / "model"), "--to", str(tmp_path / "out")]) == 1
    assert "out: holds 'notes.txt', which is no part of an export" in capsys.readouterr().err
    with pytest.raises(ValueError, match="model: is the model itself, which would be changed"):
        export_model(run / "model", run / "model" / ".")
    with pytest.raises(ValueError, match=r"notes.txt: is a file, but a folder is needed"):
        export_model(run / "model", tmp_path / "out" / "notes.txt")
    with pytest.raises(ValueError, match="format 'tar' is unknown; use one of: hub, onnx"):
        export_model(run / "model", tmp_path / "new", "tar")
    with pytest.raises(ValueError, match=r"model\.safetensors is absent"):
        export_model(run, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_without_the_package_a_graph_is_refused_with_the_cure(run, tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "dance_core.export.onnx", raising=False)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ValueError, match="package 'onnx' is absent; pip install onnx"):
        export_model(run / "model", tmp_path / "out", "onnx")


def session(path):
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("seed", range(5))
def test_the_graph_computes_what_the_model_does(tmp_path, seed):
    trained = small_model(seed)
    trained.save(tmp_path / "model")
    assert main(["export", str(tmp_path / "model"), "--to", str(tmp_path), "--format", "onnx"]) == 1  # not empty
    assert main(["export", str(tmp_path / "model"), "--to", str(tmp_path / "out"), "--format", "onnx"]) == 0
    features = (1e3 + 10 * np.random.default_rng(seed).normal(size=(500, 6))).astype(np.float32)
    graph = session(tmp_path / "out" / "model.onnx")
    names = ["logits", "probabilities", "concepts", "contributions", "predicted"]
    logits, probabilities, concepts, contributions, predicted = graph.run(names, {"features": features})
    expected, exact = trained.predict(features)
    # Logits are in the thousands here, and float32 has seven digits.
    np.testing.assert_allclose(logits, exact, rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)
    np.testing.assert_allclose(concepts, trained.concept_activations(features), rtol=1e-6)
    np.testing.assert_array_equal(predicted, exact.argmax(axis=1))
    np.testing.assert_allclose(
        contributions.sum(axis=1, dtype=float) + trained.bias[predicted], exact.max(axis=1), rtol=1e-5
    )
    assert graph.run(["logits"], {"features": features[:0]})[0].shape == (0, 3)


def test_a_graph_by_hand_with_its_names(run, tmp_path):
    export_model(run / "model", tmp_path / "out", "onnx")
    graph = session(tmp_path / "out" / "model.onnx")
    found = dict(
        zip(
            [output.name for output in graph.get_outputs()],
            graph.run(None, {"features": np.array([[5, 5]], np.float32)}),
            strict=True,
        )
    )
    # Features 5 and 5: standardised 2 and 5, so z = (2 - 0.5) / 0.5, 5 / 2 and 7.
    assert found["concepts"].tolist() == [[3.0, 2.5, 7.0]]
    assert found["logits"].tolist() == [[-0.75, -1.125]]
    assert found["predicted"].tolist() == [0]
    assert found["contributions"].tolist() == [[1.5, -2.5, 0.0]]
    told = graph.get_modelmeta().custom_metadata_map
    assert json.loads(told["classes"]) == ["box", "jog <b>"]
    assert json.loads(told["concepts"])[0] == {"family": "motion", "name": "arm </script>"}
    assert json.loads(told["settings"])["backbone"]["model"] == "own-backbone"
    assert json.loads(told["encoders"]) == model().encoders
