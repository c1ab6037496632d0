"""A small finished run made from nothing: real H.264 clips of a moving stick figure, and a model whose sums hold."""

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from dance_core.concept_targets import FAMILIES
from dance_core.explain import contributions
from dance_core.feature_store import FeatureStore
from dance_core.model import Concept, Model
from dance_core.report import ReportInputs, ReportSettings
from dance_core.report.clip_table import ClipTable
from dance_core.tables import read_table, write_table
from tests.unit.report.evidence_fixture import evidence_metrics, make_comparison, make_path

UNSAFE = '<img src=x onerror="alert(1)"> & "swing"</script>'
CLASSES = ["boxing", UNSAFE, "Übung Ärmel"]
MOTIONS = 4
OBJECTS = ("boxing gloves", UNSAFE, "a ball", "punching bag")
SCENES = ("gym", "a wide field", "street & kerb")
FPS, FRAMES, SEGMENT = 25, 40, 8
LIMBS = ((5, 6), (5, 11), (6, 12), (11, 12), (5, 7), (7, 9), (6, 8), (8, 10), (11, 13), (13, 15), (12, 14), (14, 16))
# clip_id, class index, split, width, height, kind of file
CLIPS = [
    ("boxing_01", 0, "train", 320, 240, "mp4"),
    ("boxing_02", 0, "val", 320, 240, "mp4"),
    ("boxing_03", 0, "test", 320, 240, "mp4"),
    ("boxing_04", 0, "shift_test", 320, 240, "mp4"),
    ("swing/take 1", 1, "train", 320, 240, "mp4"),
    ("swing/take 2", 1, "train", 160, 240, "mp4"),
    ("swing <b>3</b>", 1, "test", 640, 360, "mp4"),
    ("Übung_1", 2, "train", 320, 240, "mp4"),
    ("übung_1", 2, "test", 320, 240, "avi"),
    ("übung_2", 2, "test", 320, 240, "truncated"),
    ("übung_3", 2, "train", 320, 240, "empty"),
    ("nobody", 0, "train", 320, 240, "mp4"),
]
STABILITY = {
    "ari": {"mean": 0.72, "sd": 0.03, "min": 0.7},
    "matched_cosine": {"mean": 0.91, "sd": None, "min": 0.9},
    **{"n_clusters": [4, 4, 5], "n_pairs": 3, "share": 0.8, "failed": 0},
}


def stored(source: Path, table: pd.DataFrame) -> ClipTable:
    """A table in a file, as the report reads it."""
    folder = source / "tables"
    path = folder / f"{len(list(folder.glob('*')))}.parquet"
    write_table(path, table)
    return ClipTable((str(path),))


def whole(table: ClipTable) -> pd.DataFrame:
    """All rows and columns of a table."""
    return pd.concat([read_table(path) for path in table.paths], ignore_index=True)


def features_of(features: FeatureStore, clip_ids: list[str]) -> FeatureStore:
    """The features of some clips."""
    return FeatureStore([pd.DataFrame({"clip_id": clip_ids, "features": list(features.matrix(clip_ids))})])


def figure(label: int, time: float, width: int, height: int) -> np.ndarray:
    """COCO-17 keypoints of a figure whose arms swing, float [17, 3]: x px, y px, confidence."""
    swing = np.sin(2 * np.pi * (0.8 + 0.5 * label) * time)
    head = [(0, -0.36), (-0.02, -0.38), (0.02, -0.38), (-0.04, -0.36), (0.04, -0.36), (0.1, -0.22), (-0.1, -0.22)]
    elbows = [(0.2, -0.22 + 0.12 * swing), (-0.2, -0.22 - 0.12 * swing)]
    wrists = [(0.28, -0.22 + 0.26 * swing), (-0.28, -0.22 - 0.26 * swing)]
    legs = [(0.07, 0.04), (-0.07, 0.04), (0.09 + 0.05 * swing, 0.22), (-0.09, 0.22), (0.1 + 0.09 * swing, 0.4)]
    unit = np.array([*head, *elbows, *wrists, *legs, (-0.1, 0.4)])
    centre = np.array([width / 2 + 0.1 * width * np.sin(time), height / 2])
    return np.column_stack([unit * min(width, height) * 0.95 + centre, np.full(17, 0.9)])


def draw(label: int, keypoints: np.ndarray | None, width: int, height: int) -> np.ndarray:
    """One frame, uint8 [height, width, 3]."""
    picture = Image.new("RGB", (width, height), [(150, 170, 150), (180, 160, 140), (140, 150, 175)][label])
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, int(0.85 * height), width, height), fill=(96, 92, 88))
    if keypoints is not None:
        points = [tuple(point) for point in keypoints[:, :2].tolist()]
        for start, end in LIMBS:
            pen.line([points[start], points[end]], fill=(40, 36, 50), width=max(5, height // 26))
        x, y = points[0]
        pen.ellipse((x - height / 16, y - height / 12, x + height / 16, y + height / 20), fill=(215, 175, 150))
    return np.asarray(picture)


def write_clip(path: Path, frames: list[np.ndarray], codec: str = "libx264") -> None:
    """Encode frames at 25 fps."""
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = frames[0].shape[:2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(FPS))
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.thread_count = 1
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


def make_clips(source: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Write the clips; give manifest, poses and pose quality."""
    listing, poses, quality = [], [], []
    for number, (clip_id, label, split, width, height, kind) in enumerate(CLIPS):
        path = f"class {label}/clip {number}.{'avi' if kind == 'avi' else 'mp4'}"
        seen = clip_id != "nobody"
        keypoints = [figure(label, t / FPS + number, width, height) for t in range(FRAMES)]
        if kind == "empty":
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_bytes(b"")
        else:
            frames = [draw(label, pose if seen else None, width, height) for pose in keypoints]
            write_clip(source / path, frames, "mjpeg" if kind == "avi" else "libx264")
        n_frames, status, reason = {
            "empty": (0, "unreadable", "the file is empty"),
            "truncated": (FRAMES - 10, "truncated", "decoding stopped at frame 30: invalid data"),
        }.get(kind, (FRAMES, "ok", ""))
        about = {"clip_id": clip_id, "path": path, "label": CLASSES[label], "split": split, "group": f"g{number}"}
        size = {"n_frames": n_frames, "fps": float(FPS), "width": width, "height": height}
        listing.append({**about, **size, "duration_s": n_frames / FPS, "status": status, "reason": reason})
        if kind != "empty":
            poses += [pose_row(clip_id, frame, keypoints[frame]) for frame in range(0, n_frames, 2) if seen]
            quality.append(quality_row(clip_id, n_frames // 2, seen))
    return pd.DataFrame(listing), pd.DataFrame(poses), pd.DataFrame(quality)


def pose_row(clip_id: str, frame: int, keypoints: np.ndarray) -> dict:
    """Row of the poses; the left ankle is missing in frame 4."""
    keypoints = keypoints.copy()
    if frame == 4:
        keypoints[15] = (np.nan, np.nan, 0)
    box = np.concatenate([np.nanmin(keypoints[:, :2], axis=0), np.nanmax(keypoints[:, :2], axis=0)])
    values = keypoints.astype(np.float32).ravel()
    return {
        "clip_id": clip_id,
        "frame": frame,
        "bbox": box.astype(np.float32),
        "keypoints": values,
        "estimator": "drawn",
    }


def quality_row(clip_id: str, n_sampled: int, seen: bool) -> dict:
    """Row of the pose quality."""
    counts = {"n_sampled": n_sampled, "n_seen": n_sampled * seen, "seen": float(seen), "confidence": 0.9 * seen}
    status, reason = ("ok", "") if seen else ("no_person", "no person in any of 20 frames")
    rest = {"people": int(seen), "interpolated": 0.0, "status": status, "reason": reason}
    return {"clip_id": clip_id, **counts, **rest}


def make_segments(manifest: pd.DataFrame, poses: pd.DataFrame) -> pd.DataFrame:
    """Give pose segments, every eight poses one."""
    segments = []
    clips = manifest.set_index("clip_id")
    for clip_id, rows in poses.groupby("clip_id", sort=True):
        for first in range(0, len(rows) - SEGMENT, SEGMENT):
            part = rows.iloc[first : first + SEGMENT]
            points = np.stack(part["keypoints"]).reshape(SEGMENT, 17, 3)[:, :, :2]
            joints = (points - np.nanmean(points, axis=(0, 1))) / 100
            frames = part["frame"].to_list()
            about = {"segment_id": f"{clip_id}:{frames[0]}-{frames[-1]}", "clip_id": clip_id}
            about |= {key: clips.loc[clip_id, key] for key in ("split", "label")}
            about |= {"start": frames[0], "end": frames[-1], "keyframe": frames[SEGMENT // 2], "frames": frames}
            segments.append({**about, "joints": joints.astype(np.float32).ravel()})
    return pd.DataFrame(segments)


def make_motion(segments: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give motion concepts and partitions."""
    train = segments[segments["split"] == "train"].reset_index(drop=True)
    concepts = []
    for number in range(MOTIONS):
        medoid = train.iloc[number * (len(train) // MOTIONS)]
        counts = {name: 3 * (name == medoid["label"]) + number for name in CLASSES}
        row = {"concept": number, "name": f"motion {number}", "size": sum(counts.values()), "n_clips": 2 + number}
        row |= {"medoid": medoid["segment_id"], "purity": max(counts.values()) / sum(counts.values())}
        row |= {key: medoid[key] for key in ("clip_id", "start", "end", "label")}
        concepts.append({**row, "class_counts": json.dumps(counts)})
    partitions = {
        "partition": [0, 1, 2],
        "n_clusters": [9, 4, 2],
        "purity": [0.95, 0.8, 0.5],
        "nmi": [0.6, 0.7, np.nan],
        "silhouette": [0.2, 0.41, 0.3],
        "n_kept": [6, 4, 2],
        "agreement": [np.nan, 0.9, 0.7],
        "agreement_error": [np.nan, 0.02, 0.03],
        "chosen": [False, True, False],
        "reason": ["too many small clusters", "best silhouette", "fewer clusters than classes"],
    }
    return pd.DataFrame(concepts), pd.DataFrame(partitions)


def make_language(source: Path, manifest: pd.DataFrame, draws: np.random.Generator) -> dict:
    """Give concept set, pseudo-labels and their columns."""
    names = {"object": OBJECTS, "scene": SCENES}
    listed = [(family, text, [CLASSES[i % 3]], True, "") for family in names for i, text in enumerate(names[family])]
    listed.append(("object", "person boxing", [CLASSES[0]], False, "names the class 'boxing'"))
    usable = manifest.loc[manifest["status"] != "unreadable", ["clip_id", "split"]]
    scores, columns = {}, {}
    for family, texts in names.items():
        scores[family] = stored(source, usable.assign(scores=list(draws.normal(size=(len(usable), len(texts))))))
        columns[family] = pd.DataFrame({"concept": texts, "kept": True, "reason": "", "top5": 0.25})
    concept_set = pd.DataFrame(listed, columns=["family", "concept", "classes", "kept", "reason"])
    return {"concept_set": concept_set, "scores": scores, "score_concepts": columns}


def make_model(source: Path, manifest: pd.DataFrame, draws: np.random.Generator) -> dict:
    """Give a model, what it says about every clip, and its concepts; features are its activations."""
    concepts = [Concept("motion", number, f"motion {number}") for number in range(MOTIONS)]
    concepts += [Concept("object", number, text) for number, text in enumerate(OBJECTS)]
    concepts += [Concept("scene", number, text) for number, text in enumerate(SCENES)]
    n, k = len(concepts), len(CLASSES)
    weight = draws.normal(size=(k, n)) * (draws.random((k, n)) < 0.8)
    weight[:, 3] = 0
    scale = (np.zeros(n), np.ones(n), np.eye(n), np.zeros(n), np.ones(n))
    model = Model(*scale, weight, draws.normal(size=k) / 4, tuple(CLASSES), tuple(concepts))
    usable = manifest.loc[manifest["status"] != "unreadable", ["clip_id", "split", "label"]].reset_index(drop=True)
    z = draws.normal(size=(len(usable), n)).astype(np.float32)
    features = FeatureStore([pd.DataFrame({"clip_id": usable["clip_id"], "features": list(z)})])
    probabilities, _ = model.predict(z)
    predicted = np.array(CLASSES, object)[probabilities.argmax(axis=1)]
    table = usable.assign(predicted=predicted, probability=probabilities.max(axis=1))
    table = table.assign(correct=predicted == usable["label"], probabilities=list(probabilities.astype(np.float32)))
    methods = [table.assign(method=name) for name in ("dance", "linear_probe")]
    return {
        "model": model,
        "features": features,
        "predictions": stored(source, pd.concat(methods, ignore_index=True)),
        "contributions": stored(source, pd.concat(contributions(model, features, manifest))),
        "concepts": concept_table(concepts),
        "concept_layer": layer_document(concepts),
    }


def concept_table(concepts: list[Concept]) -> pd.DataFrame:
    """Give every concept, and one that was dropped."""
    rows = [(entry.family, entry.id, entry.name, True, "", "") for entry in concepts]
    rows.append(("object", len(OBJECTS), "person boxing", False, "names the class 'boxing'", "text"))
    return pd.DataFrame(rows, columns=["family", "concept", "name", "kept", "reason", "stage"])


def layer_document(concepts: list[Concept]) -> dict:
    """Give concept_layer.json, as far as the report reads it."""
    losses = {family: {str(c.id): -0.5 for c in concepts if c.family == family} for family in FAMILIES}
    return {"families": {family: {"selection": {"val_loss": losses[family]}} for family in FAMILIES}}


def make_metrics() -> dict:
    """Metrics in the form of `dance_core.metrics.evaluate`; the numbers are made up."""
    accuracy = {"top1": 0.75, "top1_interval": [0.4, 0.95], "mean_class_accuracy": 0.7, "n": 4}
    record = {"top1_alone": 0.5, "top1_without": 0.25, "share": 1 / 3}
    shares = {"motion": 0.45, "object": 0.35, "scene": 0.2}
    rows = [{"concept": number, "name": "", "auroc": 0.8, "average_precision": None} for number in range(3)]
    family = {"kept": 4, "dropped": 1, "auroc": 0.83, "average_precision": None, "per_concept": rows}
    splits = ("train", "val", "test", "shift_test")
    return {
        "accuracy": {method: dict.fromkeys(splits, accuracy) for method in ("dance", "linear_probe")},
        "classes": CLASSES,
        "confusion": {"test": [[1, 0, 0], [1, 0, 0], [0, 0, 2]], "shift_test": [[0, 1, 0], [0, 0, 0], [0, 0, 0]]},
        "nec": 8.3,
        "nec_by_family": {"motion": 3.3, "object": 3.0, "scene": 2.0},
        "concepts": dict.fromkeys(FAMILIES, family),
        "reliance": shares,
        "reliance_by_class": {**dict.fromkeys(CLASSES[:2], shares), CLASSES[2]: dict.fromkeys(FAMILIES)},
        "shift": {"shift_test": {"change_by_family": dict.fromkeys(FAMILIES, dict.fromkeys(record, -0.25))}},
        "certificate": {"lam": 0.0007, "converged": True},
        "by_family": {family: dict.fromkeys(splits, record) for family in FAMILIES},
        **evidence_metrics(),
    }


def make_inputs(folder: Path) -> ReportInputs:
    """Make the whole run under a folder; the same numbers every time."""
    draws = np.random.default_rng(7)
    manifest, poses, quality = make_clips(folder)
    segments = make_segments(manifest, poses)
    motion_concepts, partitions = make_motion(segments)
    return ReportInputs(
        dataset="fixture",
        source=folder,
        manifest=manifest,
        poses=stored(folder, poses),
        pose_quality=quality,
        segments=stored(folder, segments),
        motion_concepts=motion_concepts,
        partitions=partitions,
        metrics=make_metrics(),
        comparison=make_comparison(make_metrics()),
        path=make_path(),
        stability=STABILITY,
        config={"dataset": "fixture", "motion": {"segment_length": SEGMENT, "note": UNSAFE}, "seeds": [0]},
        versions={"dance-core": "0.1.0"},
        settings=ReportSettings(),
        **make_language(folder, manifest, draws),
        **make_model(folder, manifest, draws),
    )
