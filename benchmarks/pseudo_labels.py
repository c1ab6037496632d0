"""Measure pseudo-labels against the truth of the stage: does the dual encoder see the scene and the prop?

    python -m benchmarks.pseudo_labels --data data/demo [--clip-features results/demo/clip_features/*.parquet]

prints a Markdown table: the area under the ROC curve of one concept per scene and prop, over clips, on the splits that
the encoder was tuned on (train and val) and on those it was not.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from dance_core.dual_encoders import DualEncoderSettings, clip_features, text_features
from dance_core.pseudo_labels import cosine_scores
from dance_core.tables import matrix, read_shards, read_table, rows_of

CONCEPTS = {
    "scene": {"field": "grass field", "gym": "gymnasium", "room": "living room", "street": "city street"},
    "object": {
        "ball": "soccer ball",
        "bench": "park bench",
        "punching bag": "punching bag",
        "umbrella": "umbrella",
        "cones": "traffic cone",
    },
}
SPLITS = {
    "train + val": ("train", "val"),
    "test": ("test",),
    "shifted": ("shift_dev", "shift_test"),
}


def main() -> None:
    """Compare and print."""
    options = arguments()
    truth = read_table(options.data / "truth_clips.parquet").sort_values("clip_id", ignore_index=True)
    settings = DualEncoderSettings(name=options.encoder, weights=options.weights, model=options.model, device="cpu")
    features = read_shards(options.clip_features) if options.clip_features else computed(options.data, settings)
    clips = matrix(rows_of(features, list(truth["clip_id"]), "clip_features")["features"])
    rows = []
    for family, concepts in CONCEPTS.items():
        shown = {value: text for value, text in concepts.items() if (truth[family] == value).any()}
        scores = cosine_scores(clips, text_features(list(shown.values()), settings, family))
        areas = [
            [area(truth, family, value, scores[:, i], s) for s in SPLITS.values()] for i, value in enumerate(shown)
        ]
        rows += [[family, value, text, *row] for (value, text), row in zip(shown.items(), areas, strict=True)]
        rows.append([family, "mean", "", *np.nanmean(areas, axis=0)])
    print_markdown(rows)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data/demo"))
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    parser.add_argument("--encoder", default="conse")
    parser.add_argument("--model", default="")
    parser.add_argument("--clip-features", nargs="+", help="shards of clip_features; computed where they are left out")
    return parser.parse_args()


def computed(data: Path, settings: DualEncoderSettings) -> pd.DataFrame:
    """Embed the clips here, and say how long it took."""
    from dance_core.manifest import list_clips, probe_clips

    listing = list_clips(data, seed=0, extra_splits=SPLITS["shifted"])
    manifest = probe_clips(listing, data)
    start = time.perf_counter()
    features = pd.concat(clip_features(manifest, data, settings))
    seconds = time.perf_counter() - start
    print(f"{len(features)} clips embedded in {seconds:.0f} s ({1000 * seconds / len(features):.0f} ms each)\n")
    return features


def area(truth: pd.DataFrame, column: str, value: str, scores: np.ndarray, splits: tuple[str, ...]) -> float:
    """Area under the ROC curve over the clips of some splits; not a number where they are all of one kind."""
    chosen = truth["split"].isin(splits).to_numpy()
    shown = (truth[column] == value).to_numpy()[chosen]
    return float(roc_auc_score(shown, scores[chosen])) if 0 < shown.sum() < len(shown) else np.nan


def print_markdown(rows: list[list]) -> None:
    """Print a Markdown table."""
    print("| family | truth | concept | " + " | ".join(SPLITS) + " |")
    print("|---|---|---|" + "---|" * len(SPLITS))
    for family, value, text, *areas in rows:
        print(f"| {family} | {value} | {text} | " + " | ".join(f"{a:.2f}" for a in areas) + " |")


if __name__ == "__main__":
    main()
