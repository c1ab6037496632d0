"""Small ONNX networks in the layouts of real ones, whose answers can be worked out by hand."""

from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx makes the small networks of these tests")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

CELL = 32
BOX = 64
# Key point k lies so far right of and below the middle of its box.
OFFSETS = np.stack([np.arange(17) * 3.0 - 20, 25 - np.arange(17) * 2.0], axis=1)
JOINT_CONFIDENCE = 0.75


def constant(name, values):
    return numpy_helper.from_array(np.asarray(values), name)


def save(path, nodes, inputs, outputs, constants, metadata=None):
    """Write a graph; inputs and outputs are (name, type, shape)."""
    values = [[helper.make_tensor_value_info(*entry) for entry in entries] for entries in (inputs, outputs)]
    graph = helper.make_graph(nodes, "network", *values, [constant(*entry) for entry in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    for key, value in (metadata or {}).items():
        model.metadata_props.add(key=key, value=value)
    onnx.save(model, str(path))
    return Path(path)


def yolo(path, batch="n", height="height", width="width", end_to_end=False, half=False, metadata=None):
    """A YOLO pose network that sees a person in every white cell of 32 px, with a score by how white it is.

    The box is 64 px, the key points are `OFFSETS` from its middle. The grey of borders is nobody.
    """
    node = helper.make_node
    kind = TensorProto.FLOAT16 if half else TensorProto.FLOAT
    nodes = [
        node("Cast", ["images"], ["float"], to=TensorProto.FLOAT),
        node("AveragePool", ["float"], ["pooled"], kernel_shape=[CELL, CELL], strides=[CELL, CELL]),
        node("ReduceMean", ["pooled"], ["bright"], axes=[1], keepdims=1),
        node("Sub", ["bright", "dark"], ["over"]),
        node("Mul", ["over", "gain"], ["steep"]),
        node("Clip", ["steep", "zero", "one"], ["sure"]),
        node("Mul", ["bright", "zero"], ["nought"]),
        node("Add", ["nought", "one"], ["ones"]),
    ]
    for name, axis in (("x", "across"), ("y", "down")):
        nodes += [
            node("CumSum", ["ones", axis], [f"{name}_count"]),
            node("Sub", [f"{name}_count", "middle"], [f"{name}_middle"]),
            node("Mul", [f"{name}_middle", "cell"], [name]),
        ]
    rows = {"x": "x", "y": "y", "score": "sure", "nothing": "nought"}
    nodes += [node("Reshape", [source, "row"], [f"row_{name}"]) for name, source in rows.items()]
    nodes += [
        node("Concat", ["row_x", "row_y", "row_nothing"] * 17, ["joint_middles"], axis=1),
        node("Add", ["joint_middles", "joint_offsets"], ["joints"]),
    ]
    if end_to_end:
        nodes += [
            node("Concat", ["row_x", "row_y", "row_x", "row_y"], ["middles"], axis=1),
            node("Add", ["middles", "corners"], ["box"]),
            node("Concat", ["box", "row_score", "row_nothing", "joints"], ["columns"], axis=1),
            node("Transpose", ["columns"], ["answer"], perm=[0, 2, 1]),
        ]
    else:
        nodes += [
            node("Add", ["row_nothing", "side"], ["row_side"]),
            node("Concat", ["row_x", "row_y", "row_side", "row_side", "row_score", "joints"], ["answer"], axis=1),
        ]
    floats = {"dark": 0.6, "gain": 2.5, "zero": 0.0, "one": 1.0, "middle": 0.5, "cell": CELL, "side": BOX}
    constants = {name: np.float32(value) for name, value in floats.items()}
    joints = np.concatenate([OFFSETS, np.full((17, 1), JOINT_CONFIDENCE)], axis=1)
    constants |= {
        "across": np.int64(3),
        "down": np.int64(2),
        "row": np.array([0, 1, -1], np.int64),
        "joint_offsets": joints.reshape(1, 51, 1).astype(np.float32),
        "corners": np.array([-BOX, -BOX, BOX, BOX], np.float32).reshape(1, 4, 1) / 2,
    }
    shape = [batch, "people", 57] if end_to_end else [batch, 56, "anchors"]
    inputs = [("images", kind, [batch, 3, height, width])]
    return save(path, nodes, inputs, [("answer", TensorProto.FLOAT, shape)], constants, metadata)


def red_share(channel, ceiling):
    """Nodes that give how much of one channel there is, from 0 to `ceiling`, as a scalar for each picture."""
    node = helper.make_node
    nodes = [
        node("ReduceMean", ["images"], ["means"], axes=[2, 3], keepdims=0),
        node("Gather", ["means", "channel"], ["share_of_it"], axis=1),
        node("Clip", ["share_of_it", "zero", "ceiling"], ["share"]),
    ]
    return nodes, {"channel": np.array([channel]), "zero": np.float32(0), "ceiling": np.float32(ceiling)}


def yolox(path, boxes, side=416):
    """A YOLOX detector with its own suppression: these boxes, the surer the redder a picture in blue, green, red is."""
    node = helper.make_node
    nodes, constants = red_share(2, 255.0)
    nodes += [
        node("Mul", ["share", "scale"], ["score"]),
        node("Mul", ["score", "each"], ["scores"]),
        node("Concat", ["boxes", "scores"], ["dets"], axis=2),
    ]
    constants |= {"scale": np.float32(1 / 255), "each": np.ones((1, len(boxes), 1), np.float32)}
    constants["boxes"] = np.asarray(boxes, np.float32)[None]
    inputs = [("images", TensorProto.FLOAT, [1, 3, side, side])]
    return save(path, nodes, inputs, [("dets", TensorProto.FLOAT, [1, len(boxes), 5])], constants)


def yolox_of_classes(path, people, others, side=416):
    """A YOLOX detector of two classes without suppression: boxes by cells of 8 px, as (column, row, width, height)."""
    cells = side // 8
    answer = np.zeros((1, cells**2 + (side // 16) ** 2 + (side // 32) ** 2, 7), np.float32)
    for kind, boxes in enumerate((people, others)):
        for column, row, width, height in boxes:
            sides = np.log([width / 8, height / 8])
            answer[0, row * cells + column] = [0.5, 0.5, *sides, 1.0, 1.0 - kind, float(kind)]
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nought"]),
        helper.make_node("Add", ["answer", "nought"], ["output"]),
    ]
    constants = {"answer": answer, "zero": np.float32(0)}
    inputs = [("images", TensorProto.FLOAT, [1, 3, side, side])]
    return save(path, nodes, inputs, [("output", TensorProto.FLOAT, list(answer.shape))], constants)


def rtmpose(path, places, height=256, width=192):
    """An RTMPose model that sees key points at these px of its input, where red (its first channel) is bright."""
    places = np.asarray(places).astype(int)
    node = helper.make_node
    nodes, constants = red_share(0, 0.8)
    for axis, name, side in ((0, "x", width), (1, "y", height)):
        bins = np.zeros((1, len(places), 2 * side), np.float32)
        bins[0, np.arange(len(places)), 2 * places[:, axis]] = 1
        constants[f"bins_{name}"] = bins
        nodes.append(node("Mul", [f"bins_{name}", "share"], [f"simcc_{name}"]))
    inputs = [("images", TensorProto.FLOAT, [1, 3, height, width])]
    outputs = [
        (f"simcc_{name}", TensorProto.FLOAT, [1, len(places), 2 * side]) for name, side in (("x", width), ("y", height))
    ]
    return save(path, nodes, inputs, outputs, constants)


def rtmo(path, boxes, keypoints, side=640):
    """An RTMO model with these boxes and key points, the surer the redder a picture in blue, green, red is."""
    node = helper.make_node
    nodes, constants = red_share(2, 255.0)
    nodes += [
        node("Mul", ["share", "scale"], ["score"]),
        node("Mul", ["score", "each"], ["scores"]),
        node("Concat", ["boxes", "scores"], ["dets"], axis=2),
        node("Mul", ["score", "zero"], ["nought"]),
        node("Add", ["points", "nought"], ["keypoints"]),
    ]
    constants |= {"scale": np.float32(1 / 255), "each": np.ones((1, len(boxes), 1), np.float32)}
    constants |= {"boxes": np.asarray(boxes, np.float32)[None], "points": np.asarray(keypoints, np.float32)[None]}
    inputs = [("images", TensorProto.FLOAT, [1, 3, side, side])]
    outputs = [("dets", TensorProto.FLOAT, [1, len(boxes), 5])]
    outputs.append(("keypoints", TensorProto.FLOAT, [1, *np.shape(keypoints)]))
    return save(path, nodes, inputs, outputs, constants)
