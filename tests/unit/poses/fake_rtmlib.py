"""What the estimator uses of rtmlib 0.0.16, for where that package is not installed.

Each class shows its network one picture of the right size and reads the answer as the package does; there is no
suppression, because the small networks of the tests need none.
"""

import shutil
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import numpy as np


class Tool:
    def __init__(self, onnx_model, model_input_size, backend, device, det_mode="human"):
        assert (backend, device) == ("onnxruntime", "cpu")
        assert Path(onnx_model).is_file()
        self.size, self.mode, self.session = model_input_size, det_mode, None

    def answers(self, picture):
        given = np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32)[None]
        return self.session.run(None, {self.session.get_inputs()[0].name: given})


class YOLOX(Tool):
    def __call__(self, image):
        assert image.shape[:2] == self.size
        [answer] = self.answers(image)
        assert self.mode == "human"
        return answer[0, answer[0, :, 4] > 0.3, :4]


class RTMPose(Tool):
    def __call__(self, image, bboxes):
        width, height = self.size
        colour = (image.mean(axis=(0, 1)) - [123.675, 116.28, 103.53]) / [58.395, 57.12, 57.375]
        x, y = self.answers(np.tile(colour, (height, width, 1)))
        bins = np.stack([x[0].argmax(axis=1), y[0].argmax(axis=1)], axis=1) / 2
        places = []
        for x0, y0, x1, y1 in np.asarray(bboxes):
            wide = 1.25 * max(x1 - x0, (y1 - y0) * width / height)
            scale = np.array([wide, wide * height / width])
            places.append(bins / self.size * scale + np.array([x0 + x1, y0 + y1]) / 2 - scale / 2)
        return np.stack(places), np.tile(np.minimum(x.max(axis=2), y.max(axis=2)), (len(places), 1))


class RTMO(Tool):
    def __call__(self, image):
        assert image.shape[:2] == self.size
        boxes, points = self.answers(image)
        found = points[0][boxes[0, :, 4] > 0.7]
        found = found if len(found) else np.zeros((1, *points.shape[2:]))
        return found[:, :, :2], found[:, :, 2]


class Body:
    MODE: ClassVar[dict[str, dict[str, str]]] = {
        size: {part: f"https://example.org/{part}_{size}.zip" for part in ("det", "pose")}
        for size in ("lightweight", "balanced", "performance")
    }
    RTMO_MODE: ClassVar[dict[str, dict[str, str]]] = {
        size: {"pose": f"https://example.org/rtmo_{size}.zip"} for size in ("lightweight", "balanced", "performance")
    }


def download_checkpoint(url, dst_dir, progress):
    """Unpack an archive; only file addresses."""
    shutil.unpack_archive(url.removeprefix("file://"), dst_dir)
    return Path(dst_dir, "end2end.onnx")


def modules():
    """The package and the module of its downloads."""
    package, tools, file = ModuleType("rtmlib"), ModuleType("rtmlib.tools"), ModuleType("rtmlib.tools.file")
    package.YOLOX, package.RTMPose, package.RTMO, package.Body = YOLOX, RTMPose, RTMO, Body
    file.download_checkpoint = download_checkpoint
    return {"rtmlib": package, "rtmlib.tools": tools, "rtmlib.tools.file": file}
