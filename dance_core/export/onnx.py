"""Concept layer and classifier as one ONNX graph, for programs that are not written in Python."""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from dance_core.export.hub import FILES
from dance_core.export.place import export_place
from dance_core.model import Model
from dance_core.model_card import without_place
from dance_core.tables import whole_file

# The oldest versions that have all of the operators below, so that old runtimes read the graph.
OPSET = 13
IR_VERSION = 7
GRAPH = "model.onnx"


def export_onnx(folder: str | Path, target: str | Path) -> list[Path]:
    """Write model.onnx.

    Args:
        folder: Folder of the model.
        target: Folder to write to; it is made.

    Returns:
        The file that was written.

    Raises:
        ValueError: The model cannot be read, or the target is no place for it.
    """
    model = Model.load(folder)
    path = export_place(folder, target, FILES) / GRAPH
    content = onnx_model(model).SerializeToString()
    with whole_file(path) as partial:
        partial.write_bytes(content)
    return [path]


def onnx_model(model: Model) -> onnx.ModelProto:
    """Build the graph.

    Args:
        model: The model.

    Returns:
        A checked graph from features, float32 [n, D], to float32 logits [n, K], probabilities [n, K], concepts [n, M]
        (the standardised activations z) and contributions [n, M] (of each concept to the largest logit: that logit is
        its bias plus their sum), and to predicted, int64 [n]. Names of classes and concepts, digests of the encoders
        and settings are in its metadata as JSON.
    """
    arrays = {
        "feature_mean": model.feature_mean,
        "feature_std": model.feature_std,
        "concept_weight": model.concept_weight.T,
        "z_mean": model.z_mean,
        "z_std": model.z_std,
        "weight": model.weight,
        "bias": model.bias,
    }
    n_classes, n_concepts = model.weight.shape
    widths = {"logits": n_classes, "probabilities": n_classes, "concepts": n_concepts, "contributions": n_concepts}
    graph = helper.make_graph(
        _nodes(),
        "dance",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", model.feature_mean.size])],
        [
            *(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", width]) for name, width in widths.items()),
            helper.make_tensor_value_info("predicted", TensorProto.INT64, ["n"]),
        ],
        [numpy_helper.from_array(np.ascontiguousarray(array, np.float64), name) for name, array in arrays.items()],
    )
    built = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    built.producer_name = "dance-core"
    helper.set_model_props(built, _metadata(model))
    onnx.checker.check_model(built, full_check=True)
    return built


def _nodes() -> list[onnx.NodeProto]:
    """Give the steps; numbers are double within, as in training, and cast at the border."""
    node = helper.make_node
    outputs = ("logits", "probabilities", "concepts", "contributions")
    return [
        node("Cast", ["features"], ["x"], to=TensorProto.DOUBLE),
        node("Sub", ["x", "feature_mean"], ["centred"]),
        node("Div", ["centred", "feature_std"], ["standardised"]),
        node("MatMul", ["standardised", "concept_weight"], ["activations"]),
        node("Sub", ["activations", "z_mean"], ["centred_activations"]),
        node("Div", ["centred_activations", "z_std"], ["exact_concepts"]),
        node("Gemm", ["exact_concepts", "weight", "bias"], ["exact_logits"], transB=1),
        node("Softmax", ["exact_logits"], ["exact_probabilities"], axis=1),
        node("ArgMax", ["exact_logits"], ["predicted"], axis=1, keepdims=0),
        node("Gather", ["weight", "predicted"], ["weight_of_predicted"], axis=0),
        node("Mul", ["exact_concepts", "weight_of_predicted"], ["exact_contributions"]),
        *(node("Cast", [f"exact_{name}"], [name], to=TensorProto.FLOAT) for name in outputs),
    ]


def _metadata(model: Model) -> dict[str, str]:
    """Write everything that has a name as JSON."""
    parts = {
        "classes": list(model.classes),
        "concepts": [{"family": concept.family, "name": concept.name} for concept in model.concepts],
        "bias": model.bias.tolist(),
        "encoders": without_place(model.encoders),
        "settings": without_place(model.settings),
        "certificate": model.certificate,
        "versions": model.versions,
    }
    return {name: json.dumps(value, ensure_ascii=False, default=float) for name, value in parts.items()}
