"""How good and how fast the pose estimators are on the demo clips, against their true key points.

`python -m benchmarks.poses [--clips N] [--fps F] [--movenet MODEL]` prints a table for each estimator. A frame is
detected when the median error of its body joints is below half the body's size (the longer side of the box of the true
joints); PCK@0.1 is the share of all true body joints, of all sampled frames, found within 0.1 sizes (a missing joint is
a miss); PCK visible is the same of the joints that the picture shows. Swapped is the share of frames that fit better
with left and right exchanged. Milliseconds are of processor time on one core, decoding included.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

from dance_core.poses import PoseSettings, estimate_poses, sampled_frames
from dance_core.poses.skeleton import BODY, KEYPOINTS, MIRROR
from dance_core.tables import matrix, read_table
from dance_core.video import probe_clip

TENTHS = 10


def main() -> None:
    """Read the options, measure each estimator, print the tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, default=Path("data/demo"), help="folder with manifest.csv, truth.parquet")
    options.add_argument("--weights", type=Path, default=Path("weights"), help="folder of the fetched weights")
    options.add_argument("--clips", type=int, help="measure this many clips, evenly spread (all by default)")
    options.add_argument("--fps", type=float, help="frames looked at in a second (all by default)")
    options.add_argument("--movenet", type=Path, help="model file of MoveNet, to compare with")
    arguments = options.parse_args()

    clips = probed(arguments.data, arguments.clips)
    truth = read_table(arguments.data / "truth.parquet")
    truth = truth[truth["clip_id"].isin(clips["clip_id"])]
    settings = [PoseSettings(weights=arguments.weights, fps=arguments.fps)]
    if arguments.movenet:
        settings.append(PoseSettings(estimator="movenet", model=arguments.movenet, fps=arguments.fps))
    for setting in settings:
        print(f"\n{setting.estimator}, {len(clips)} clips\n")
        print(table_of(measure(clips, truth, arguments.data, setting)))


def probed(data: Path, n_clips: int | None) -> pd.DataFrame:
    """Rows of the manifest, with frames, rate and size, of some clips evenly spread over the actions."""
    listing = pd.read_csv(data / "manifest.csv").sort_values(["label", "clip_id"], ignore_index=True)
    if n_clips and n_clips < len(listing):
        listing = listing.iloc[np.linspace(0, len(listing) - 1, n_clips).round().astype(int)]
    probes = [vars(probe_clip(data / path)) for path in listing["path"]]
    return listing.reset_index(drop=True).join(pd.DataFrame(probes))


def measure(clips: pd.DataFrame, truth: pd.DataFrame, source: Path, settings: PoseSettings) -> pd.DataFrame:
    """Estimate clip by clip; one row for each sampled frame: its label, counts and milliseconds."""
    frames = []
    for i in range(len(clips)):
        clip = clips.iloc[i]
        start = time.process_time()
        poses, _ = estimate_poses(clips.iloc[[i]], source, settings)
        spent = 1000 * (time.process_time() - start)
        sampled = sampled_frames(clip["n_frames"], clip["fps"], settings.fps)
        true = truth[truth["clip_id"] == clip["clip_id"]].set_index("frame").loc[sampled]
        errors, mirrored = errors_of(poses, true, sampled)
        detected = np.median(errors, axis=1) < 0.5
        shown = true["visible"].to_numpy()[:, None] >> np.array(BODY) & 1
        frames.append(
            pd.DataFrame(
                {
                    "label": clip["label"],
                    "detected": detected,
                    "hits": (errors <= 0.1).sum(axis=1),
                    "shown hits": ((errors <= 0.1) & (shown > 0)).sum(axis=1),
                    "shown": (shown > 0).sum(axis=1),
                    "swapped": (mirrored.mean(axis=1) < errors.mean(axis=1)) & detected,
                    "milliseconds": spent / len(sampled),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def errors_of(poses: pd.DataFrame, truth: pd.DataFrame, sampled: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Errors of the body joints in body sizes, as found and with left and right exchanged.

    Args:
        poses: Poses of one clip.
        truth: True key points of the sampled frames, in their order.
        sampled: Frame numbers.

    Returns:
        Two arrays of shape (n_sampled, 12), infinite where the joint was not found.
    """
    true = matrix(truth["keypoints"]).reshape(-1, len(KEYPOINTS), 2) / TENTHS
    found = np.full((len(sampled), len(KEYPOINTS), 3), np.inf)
    place = {frame: position for position, frame in enumerate(sampled)}
    for frame, keypoints in zip(poses["frame"], poses["keypoints"], strict=True):
        found[place[frame]] = np.nan_to_num(keypoints.reshape(len(KEYPOINTS), 3), nan=np.inf)
    size = np.ptp(true[:, BODY], axis=1).max(axis=1)[:, None]
    pairs = [found[:, BODY, :2], found[:, [MIRROR[joint] for joint in BODY], :2]]
    straight, mirrored = (np.linalg.norm(joints - true[:, BODY], axis=2) / size for joints in pairs)
    return straight, mirrored


def table_of(frames: pd.DataFrame) -> str:
    """Markdown table with a line for each action and one for all."""
    lines = ["| action | frames | detected | PCK@0.1 | PCK visible | swapped | ms a frame |", "|---|" + "---|" * 6]
    for label, part in [*frames.groupby("label"), ("all", frames)]:
        visible = part["shown hits"].sum() / part["shown"].sum()
        shares = [part["detected"].mean(), part["hits"].mean() / len(BODY), visible, part["swapped"].mean()]
        numbers = " | ".join(f"{share:.3f}" for share in shares)
        lines.append(f"| {label} | {len(part)} | {numbers} | {part['milliseconds'].mean():.1f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
