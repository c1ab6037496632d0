"""Processor time and memory of the yolo pose estimator beside the package that trains its networks, on one core.

`python -m benchmarks.pose_speed [--models NAME ...] [--frames N] [--repeats N]` exports networks with random weights
and makes its own clip of 640x480 px. It needs what only a benchmark needs:

    pip install onnx==1.23.2 onnxruntime==1.31.1 lap matplotlib polars psutil pyyaml requests scipy
    pip install --no-deps torchvision==0.28.0 ultralytics==8.4.190 ultralytics-thop
    pip install openvino==2026.4.1   # to measure that runtime too

Milliseconds are of processor time per frame, medians of turns that begin with another side each time. `yolo` decodes,
fits the frames to the network, runs it and finds the people; `predict` is `model.predict` of the package on frames
that have been decoded before; `session.run` is the bare call of ONNX Runtime on pictures that have been fitted
before. The share is yolo / predict; wanted: at most 0.85. Memory is the peak of a process of its own, imports
included. Random networks find nobody, so that finding people is measured apart, on made answers; these are also
compared with what the package reads out of them.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
os.environ |= {"YOLO_AUTOINSTALL": "false", "YOLO_OFFLINE": "true", "YOLO_VERBOSE": "false"}

import numpy as np

from benchmarks.decoding import interleaved, write_clip
from dance_core.poses import yolo_boxes
from dance_core.poses.yolo import Yolo
from dance_core.poses.yolo_boxes import letterbox_of, people_found
from dance_core.poses.yolo_networks import onnx_session, planes
from dance_core.video import iterate_frames

SIZES = (320, 640)
BATCHES = (1, 8)
HEIGHT, WIDTH = 480, 640


def main() -> None:
    """Read the options, measure, print the tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--models", nargs="+", default=["yolov8n-pose", "yolo11n-pose"], help="their configurations")
    options.add_argument("--frames", type=int, default=16, help="frames in a turn, a multiple of 8")
    options.add_argument("--repeats", type=int, default=7, help="turns of each side")
    options.add_argument("--peak", nargs=6, help=argparse.SUPPRESS)
    arguments = options.parse_args()
    if not (find_spec("ultralytics") and find_spec("onnxruntime")):
        print(
            "not measured: ultralytics and onnxruntime are not installed here; see the top of benchmarks/pose_speed.py"
        )
        return
    if arguments.peak:
        print_peak(*arguments.peak)
        return
    with tempfile.TemporaryDirectory() as scratch:
        clip = write_clip(Path(scratch) / "clip.mp4", "libx264", (WIDTH, HEIGHT), {"g": 12}, arguments.frames)
        print("| network | px | batch | predict | session.run | yolo | share | OpenVINO | MB predict | MB yolo |")
        print("|---|---|---|---|---|---|---|---|---|---|")
        for name in arguments.models:
            model = export(name, Path(scratch))
            for size in SIZES:
                for batch in BATCHES:
                    seconds = measure(name, model, clip, size, batch, arguments)
                    memory = {side: peak(side, name, model, clip, size, batch) for side in ("predict", "yolo")}
                    print(row(name, size, batch, seconds, memory, arguments.frames), flush=True)
    print_people(arguments.repeats)
    print_agreement()


def network(name):
    """The package's model of one class with random weights, the same each time."""
    stand_in_for_torchvision()
    import torch
    from ultralytics import YOLO
    from ultralytics.nn.tasks import PoseModel

    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = YOLO(f"{name}.yaml", task="pose")
    model.model = PoseModel(f"{name}.yaml", nc=1, data_kpt_shape=(17, 3), verbose=False)
    return model


def stand_in_for_torchvision():
    """Where torchvision comes without its operators, as beside a torch for the processor, give it the package's own."""
    import torch

    try:
        import torchvision.ops

        torchvision.ops.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
    except (ImportError, RuntimeError):
        for module in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[module]
        library = torch.library.Library("torchvision", "FRAGMENT")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.impl("nms", package_suppression, "CPU")
        network.library = library  # undone where nothing keeps it
        import torchvision.extension
        import torchvision.ops.boxes

        torchvision.ops.boxes._assert_has_ops = torchvision.extension._assert_has_ops = lambda: None


def package_suppression(boxes, scores, threshold):
    """The package's own non-maximum suppression."""
    from ultralytics.utils.nms import TorchNMS

    return TorchNMS.nms(boxes, scores, threshold)


def export(name, folder):
    """Write a network with random weights as ONNX that takes any number of pictures of any size."""
    import torch

    model = network(name).model.fuse().eval()
    head = model.model[-1]
    head.export, head.format, head.dynamic = True, "onnx", True
    path = folder / f"{name}.onnx"
    sides = {"images": {0: "batch", 2: "height", 3: "width"}, "answers": {0: "batch", 2: "anchors"}}
    names = {"input_names": ["images"], "output_names": ["answers"], "dynamic_axes": sides}
    torch.onnx.export(model, (torch.zeros(2, 3, 320, 320),), str(path), opset_version=17, dynamo=False, **names)
    return path


def predicting(name, clip, size, batch):
    """Make the function that has the package predict."""
    frames = [np.ascontiguousarray(frame[:, :, ::-1]) for _, frame in iterate_frames(clip)]
    model = network(name)

    def predict(*_):
        for start in range(0, len(frames), batch):
            model.predict(frames[start : start + batch], imgsz=size, device="cpu", verbose=False)

    return predict


def estimating(model, clip, size, batch, runtime="onnxruntime"):
    """Make the function that has the estimator look at a clip."""
    estimator = Yolo("", model, runtime=runtime, image_size=size, batch_size=batch)

    def estimate(*_):
        for _ in estimator.people(iterate_frames(clip)):
            pass

    return estimate


def running(model, clip, size, batch):
    """Make the function that calls the bare runtime."""
    session = onnx_session(model, "cpu")
    letterbox = letterbox_of(HEIGHT, WIDTH, size, size, 32)
    pictures = planes(np.stack([letterbox.fit(frame) for _, frame in iterate_frames(clip)]))

    def run(*_):
        for start in range(0, len(pictures), batch):
            session.run(None, {"images": pictures[start : start + batch]})

    return run


def measure(name, model, clip, size, batch, arguments):
    """Median processor seconds of each side for the whole clip."""
    peers = {
        "predict": predicting(name, clip, size, batch),
        "session.run": running(model, clip, size, batch),
        "yolo": estimating(model, clip, size, batch),
    }
    if find_spec("openvino"):
        peers["OpenVINO"] = estimating(model, clip, size, batch, "openvino")
    for peer in peers.values():
        peer()
    return interleaved(peers, clip, None, arguments.repeats)


def peak(*what):
    """Peak memory in MB of a process that runs one side once."""
    command = [sys.executable, "-m", "benchmarks.pose_speed", "--peak", *map(str, what)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def print_peak(side, name, model, clip, size, batch):
    """Run one side once and print the peak memory of this process in MB."""
    clip, model, size, batch = Path(clip), Path(model), int(size), int(batch)
    sides = {
        "predict": lambda: predicting(name, clip, size, batch),
        "yolo": lambda: estimating(model, clip, size, batch),
    }
    sides[side]()()
    status = Path("/proc/self/status").read_text("ascii")
    print(int(status.split("VmHWM:")[1].split()[0]) // 1024)  # ru_maxrss would begin with that of the parent


def row(name, size, batch, seconds, memory, n_frames):
    """One line of the table."""
    spent = {side: 1000 * value / n_frames for side, value in seconds.items()}
    sides = [f"{spent[side]:.1f}" for side in ("predict", "session.run", "yolo")]
    share = f"{spent['yolo'] / spent['predict']:.2f}"
    openvino = f"{spent['OpenVINO']:.1f}" if "OpenVINO" in spent else "-"
    cells = [name, size, batch, *sides, share, openvino, memory["predict"], memory["yolo"]]
    return f"| {' | '.join(map(str, cells))} |"


def made_answer(people, anchors_each=15, anchors=6300):
    """An answer in which each of some people is found by several anchors."""
    random = np.random.default_rng(0)
    answer = np.zeros((56, anchors), np.float32)
    chosen = random.choice(anchors, people * anchors_each, replace=False)
    middle = np.repeat(random.uniform(60, 580, (people, 2)), anchors_each, axis=0)
    answer[:2, chosen] = (middle + random.normal(0, 3, middle.shape)).T
    answer[2:4, chosen] = 80
    answer[4, chosen] = random.uniform(0.3, 0.9, len(chosen))
    answer[5:, chosen] = np.tile(np.append(middle, np.full((len(middle), 1), 0.8), axis=1), 17).T
    return answer


def print_people(repeats):
    """Time what comes after the network: own suppression, with that of poses, and the package's."""
    import torch
    from ultralytics.utils.nms import non_max_suppression

    letterbox = letterbox_of(HEIGHT, WIDTH, 640, 640)
    print("\n| people of 15 anchors each | yolo ms | package ms |\n|---|---|---|")
    for people in (1, 5, 20):
        answer = made_answer(people)
        given = torch.from_numpy(answer)[None]
        peers = {
            "yolo": lambda *_, answer=answer: [people_found(answer, letterbox) for _ in range(20)],
            "package": lambda *_, given=given: [non_max_suppression(given, 0.25, 0.7, nc=1) for _ in range(20)],
        }
        seconds = interleaved(peers, None, None, repeats)
        print(f"| {people} | {50 * seconds['yolo']:.2f} | {50 * seconds['package']:.2f} |")


def print_agreement():
    """Count pictures of many shapes that are prepared, and answers that are read, as the package does."""
    import torch
    from ultralytics.data.augment import LetterBox
    from ultralytics.utils import nms, ops

    random = np.random.default_rng(0)
    yolo_boxes.SAME_POSE = 0.0  # the package leaves double poses in
    inputs, answers, apart = [], [], 0.0
    for height, width in ((height, width) for height in range(90, 700, 61) for width in range(80, 1300, 113)):
        frame = random.integers(0, 255, (height, width, 3), dtype=np.uint8)
        for size in SIZES:
            letterbox = letterbox_of(height, width, size, size, 32)
            inputs.append(np.array_equal(letterbox.fit(frame), LetterBox(size, auto=True, stride=32)(image=frame)))
            answer = made_answer(6, 40, 800) * np.float32(size / 640)
            answer[2:4], answer[4] = random.uniform(20, 160, (2, 800)), random.uniform(0, 1, 800)
            [found] = nms.non_max_suppression(torch.from_numpy(answer)[None], nc=1, iou_thres=0.7, max_det=800)
            places = (letterbox.height, letterbox.width), (height, width)
            boxes = ops.scale_boxes(places[0], found[:, :4], places[1]).numpy()
            joints = ops.scale_coords(places[0], found[:, 6:].reshape(-1, 17, 3), places[1]).numpy()
            own = people_found(answer, letterbox)
            own.keypoints[:, :, :2] = np.clip(own.keypoints[:, :, :2], 0, (width, height))
            answers.append(np.array_equal(boxes, own.boxes) and np.array_equal(joints, own.keypoints))
            if boxes.shape == own.boxes.shape:
                apart = max(apart, np.abs(boxes - own.boxes).max(), np.abs(joints - own.keypoints).max())
    print(f"\nOf {len(inputs)} pictures, {sum(inputs)} are prepared to the bit as the package does")
    print(f"and {sum(answers)} answers read to the bit as it does; the others are at most {apart:.1f} px apart.")


if __name__ == "__main__":
    main()
