"""Frozen video backbones: one feature vector per clip, on which the concept layer is fitted."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from dance_core.backbones.settings import Backbone, BackboneSettings
from dance_core.devices import pick_device
from dance_core.networks.clip_batches import batch_size, embedded
from dance_core.networks.clip_frames import Clip, feature_tables, readable_clips

__all__ = ["BACKBONES", "Backbone", "BackboneSettings", "backbone_features", "load_backbone"]

BACKBONES = ("efficientnet", "file", "transformers_video", "videomae", "vjepa2")


def backbone_features(
    manifest_rows: pd.DataFrame,
    source: str | Path,
    poses: Iterable[tuple[str, pd.DataFrame]],
    settings: BackboneSettings,
    workers: int = 0,
) -> Iterator[pd.DataFrame]:
    """Describe every usable clip by the features of a frozen backbone.

    Batches are always full, so the features of a clip do not depend on the clips it shares a shard with.

    Args:
        manifest_rows: Rows of the manifest.
        source: Folder that the paths of the manifest start from.
        poses: Clip ids and their pose rows (frame, bbox, keypoints), in the order of the manifest's rows; clips without
            any are left out.
        settings: Which backbone, and how.
        workers: Processes that decode clips ahead; 0 decodes each when its turn comes.

    Yields:
        Tables of some clips each: columns clip_id and features (float32 arrays), usable clips in the order of the
        manifest.

    Raises:
        ValueError: The backbone is unknown, its weights are absent, a clip cannot be read, or poses are of another
            clip or in another order.

    Source:
        DANCE, section 3.2 (frozen video backbone).
    """
    # First, since the largest weights take a while to be checked and loaded.
    size = batch_size(settings.batch_size, pick_device(settings.device))
    backbone = load_backbone(settings)
    clips = list(readable_clips(manifest_rows, source, settings.decoder))
    features = embedded(backbone.prepare, _with_poses(clips, poses), backbone.features, size, workers)
    yield from feature_tables((clip.clip_id, row) for clip, row in zip(clips, features, strict=True))


def _with_poses(
    clips: Iterable[Clip], poses: Iterable[tuple[str, pd.DataFrame]]
) -> Iterator[tuple[Clip, pd.DataFrame]]:
    """Give each clip its poses, both sides being read once and in order."""
    nobody = pd.DataFrame({"frame": [], "bbox": [], "keypoints": []})
    groups = iter(poses)
    clip_id, rows = next(groups, ("", nobody))
    for clip in clips:
        if clip.clip_id == clip_id:
            yield clip, rows
            clip_id, rows = next(groups, ("", nobody))
        else:
            yield clip, nobody
    if clip_id:
        raise ValueError(f"poses: clip '{clip_id}' is none of the usable clips, or not in their order; rebuild poses")


def load_backbone(settings: BackboneSettings) -> Backbone:
    """Load the backbone that the settings name.

    Args:
        settings: Which backbone, and how.

    Returns:
        The backbone.

    Raises:
        ValueError: The name is unknown, or the weights are absent.
    """
    if settings.name == "efficientnet":
        from dance_core.backbones import efficientnet

        return efficientnet.load(settings)
    if settings.name == "file":
        from dance_core.backbones import file

        return file.load(settings)
    if settings.name == "transformers_video":
        from dance_core.backbones import transformers_video

        return transformers_video.load(settings)
    if settings.name == "videomae":
        from dance_core.backbones import videomae

        return videomae.load(settings)
    if settings.name == "vjepa2":
        from dance_core.backbones import vjepa2

        return vjepa2.load(settings)
    raise ValueError(f"backbone '{settings.name}' is unknown; use one of: {', '.join(BACKBONES)}")
