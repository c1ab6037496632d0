"""A made release in the authors' exact layout, with poses: classes that are easy to tell, and some trouble.

Each class has a direction of its own in the features of both encoders, an object and a scene whose texts point the same
way, a motion label, and in its poses a movement of both arms, of the body or of one hand.
"""

import json
from pathlib import Path

import numpy as np
from scipy.io import savemat

from tests.unit.release.small_release import save

CLASSES = ("bowl", "squat", "strum guitar")
TRAIN = [(f"{number:04d}", number % 3) for number in range(1, 61)]
TEST = [(f"{number:04d}", number % 3) for number in range(61, 91)]
# The clip without features, clips without an accepted segment, and concepts that no clip shows.
BAD, UNLABELLED = "0010", ("0004", "0005", "0017", "0029", "0064")
NEVER_SHOWN = {"object": "Submarine", "scene": "Lunar surface"}
CONCEPTS = {
    "object": ("Bowling ball", "Barbell", "Guitar", NEVER_SHOWN["object"]),
    "scene": ("Bowling alley", "Gym", "Stage", NEVER_SHOWN["scene"]),
}
WIDTHS = {"vmae_b": 12, "internvid": 8}
N_FRAMES, HEIGHT, WIDTH = 48, 240, 320
# Head, then left and right shoulder, elbow, wrist, hip, knee and ankle of a person who stands still, in px.
STANDING = np.column_stack(
    [
        [160, 175, 145, 182, 138, 185, 135, 170, 150, 172, 148, 173, 147],
        [60, 85, 85, 115, 115, 145, 145, 150, 150, 185, 185, 220, 220],
    ]
).astype(float)
ARMS, LEGS, BODY = [3, 4, 5, 6], [9, 10], [0, 1, 2, 3, 4, 5, 6, 7, 8]


def write_release(root: Path) -> Path:
    """Write features, text features, labels and lists; without a released model, which no run reads."""
    generator = np.random.default_rng(0)
    (root / "motion_labels").mkdir(parents=True)
    (root / "class_list.txt").write_text("\n".join(CLASSES))
    for split, clips in (("train", TRAIN), ("val", TEST)):
        (root / f"{split}.csv").write_text("".join(f"{clip}.mp4,{label}\n" for clip, label in clips))
        classes = np.array([label for _, label in clips])
        for encoder, width in WIDTHS.items():
            rows = 3 * np.eye(width)[classes] + generator.normal(0, 0.4, (len(clips), width))
            if encoder == "vmae_b" and split == "train":
                rows[[clip for clip, _ in clips].index(BAD)] = 0
            save(root / f"features/tiny_{split}_{encoder}.pt", rows)
        # The first concept is shown by every clip, the others each by one class.
        flags = {clip: [1, *(int(label == shown) for shown in range(3))] for clip, label in clips}
        records = [
            {"video_name": f"{clip}.mp4", "attribute_label": [-1] * 4 if clip in UNLABELLED else row}
            for clip, row in flags.items()
        ]
        (root / f"motion_labels/hard_label_{split}.json").write_text(json.dumps(records))
    for family, names in CONCEPTS.items():
        (root / "concepts").mkdir(exist_ok=True)
        (root / f"concepts/tiny_{family}_concept.txt").write_text("\n".join(names))
        # The last concept points where no clip does, from the origin and against all classes.
        texts = np.vstack([np.eye(8)[:3], [-1, -1, -1, 0, 0, 0, 0, 0]]) + generator.normal(0, 0.05, (4, 8))
        save(root / f"concepts/tiny_{family}_concept_internvid.pt", texts)
    return root


def write_poses(folder: Path) -> Path:
    """Write a Penn Action annotation of every clip: the arms go round, the body goes down, or one hand strums."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(1)
    for clip, label in [*TRAIN, *TEST]:
        angle = 2 * np.pi * (np.arange(N_FRAMES) / 16 + generator.uniform())
        joints = np.tile(STANDING, (N_FRAMES, 1, 1)) + generator.normal(0, 0.4, (N_FRAMES, 13, 2))
        joints += generator.uniform(-20, 20, 2)
        if label == 0:
            joints[:, ARMS] += (18 * np.stack([np.sin(angle), np.cos(angle)], axis=1))[:, None]
        elif label == 1:
            joints[:, BODY, 1] += (15 + 15 * np.sin(angle))[:, None]
            joints[:, LEGS, 0] += (8 + 8 * np.sin(angle))[:, None] * [1, -1]
        else:
            joints[:, 6] += np.stack([20 + 8 * np.sin(2 * angle), -15 + 12 * np.cos(2 * angle)], axis=1)
        boxes = np.column_stack([joints.min(axis=1) - 5, joints.max(axis=1) + 5])
        savemat(
            folder / f"{clip}.mat",
            {
                "x": joints[..., 0],
                "y": joints[..., 1],
                "visibility": np.ones((N_FRAMES, 13), np.uint8),
                "bbox": boxes,
                "dimensions": np.array([[HEIGHT, WIDTH, N_FRAMES]], np.uint16),
                "action": CLASSES[label].replace(" ", "_"),
            },
        )
    return folder
