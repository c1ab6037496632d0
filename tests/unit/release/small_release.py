"""A release of nine clips in the exact layout of the authors', with a model whose families are in another order."""

import json
from pathlib import Path

import numpy as np
import torch

CLASSES = ("bowl", "squat")
TRAIN = [(f"{number:04d}", number % 2) for number in range(6)]
TEST = [(f"{number:04d}", number % 2) for number in range(6, 9)]
OBJECTS, SCENES, MOTIONS = ("Ball", "Bench"), ("Gym",), ("0", "1", "2")


def save(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(torch.tensor(values, dtype=torch.float32), path)


def write_release(root: Path, order: tuple[str, ...] = ("scene", "motion", "object")) -> dict[str, np.ndarray]:
    """Write the release; return the arrays that went into it."""
    generator = np.random.default_rng(0)
    root.mkdir(parents=True)
    (root / "class_list.txt").write_text("bowl\nsquat   ")
    arrays = {}
    for split, clips in (("train", TRAIN), ("val", TEST)):
        (root / f"{split}.csv").write_text("".join(f"{clip}.mp4,{label}\r\n" for clip, label in clips))
        for encoder, width in (("vmae_b", 5), ("internvid", 4)):
            arrays[f"{split}_{encoder}"] = generator.normal(size=(len(clips), width)).astype(np.float32)
            save(root / f"features/tiny_{split}_{encoder}.pt", arrays[f"{split}_{encoder}"])
        labels = [
            {"video_name": f"{clip}.mp4", "attribute_label": [-1] * 3 if clip == "0004" else [1, label, int(label < 1)]}
            for clip, label in clips
        ]
        (root / "motion_labels").mkdir(exist_ok=True)
        (root / f"motion_labels/hard_label_{split}.json").write_text(json.dumps(labels))
    for family, names in (("object", OBJECTS), ("scene", SCENES)):
        (root / "concepts").mkdir(exist_ok=True)
        (root / f"concepts/tiny_{family}_concept.txt").write_text("\n".join(names))
        arrays[family] = generator.normal(size=(len(names), 4)).astype(np.float32)
        save(root / f"concepts/tiny_{family}_concept_internvid.pt", arrays[family])
    names = {"motion": MOTIONS, "object": OBJECTS, "scene": SCENES}
    folders = {"motion": "pose", "object": "spatial", "scene": "place"}
    for family, folder in folders.items():
        count = len(names[family])
        for stem, shape in (("W_c", (count, 5)), ("proj_mean", (1, count)), ("proj_std", (1, count))):
            arrays[f"{family}_{stem}"] = generator.uniform(0.5, 1.5, shape).astype(np.float32)
            save(root / f"released_model/{folder}/{stem}.pt", arrays[f"{family}_{stem}"])
        (root / f"released_model/{folder}/concepts.txt").write_text("\n".join(names[family]))
    for stem, shape in (("W_g", (2, 6)), ("b_g", (2,))):
        arrays[stem] = generator.normal(size=shape).astype(np.float32)
        save(root / f"released_model/aggregated/{stem}.pt", arrays[stem])
    columns = [name for family in order for name in names[family]]
    (root / "released_model/aggregated/concepts.txt").write_text("\n".join(columns))
    return arrays
