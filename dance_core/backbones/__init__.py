"""Frozen video backbones: one feature vector per clip, on which the concept layer is fitted."""

from pathlib import Path

import pandas as pd

from dance_core.backbones.settings import Backbone, BackboneSettings
from dance_core.networks.clip_frames import feature_table, readable_clips

__all__ = ["BACKBONES", "Backbone", "BackboneSettings", "backbone_features", "load_backbone"]

BACKBONES = ("efficientnet", "file", "transformers_video", "videomae")


def backbone_features(
    manifest_rows: pd.DataFrame, source: str | Path, poses: pd.DataFrame | None, settings: BackboneSettings
) -> pd.DataFrame:
    """Describe every usable clip by the features of a frozen backbone.

    A clip is processed alone, so its features do not depend on the clips it shares a shard with.

    Args:
        manifest_rows: Rows of the manifest.
        source: Folder that the paths of the manifest start from.
        poses: Pose rows of these clips (clip_id, frame, bbox, keypoints); clips without any are allowed.
        settings: Which backbone, and how.

    Returns:
        Columns clip_id and features (float32 arrays), usable clips in the order of the manifest.

    Raises:
        ValueError: The backbone is unknown, its weights are absent, or a clip cannot be read.

    Source:
        DANCE, section 3.2 (frozen video backbone).
    """
    backbone = load_backbone(settings)
    nobody = pd.DataFrame({"frame": [], "bbox": [], "keypoints": []})
    poses_of = {} if poses is None else dict(iter(poses.groupby("clip_id", sort=False)))
    clips = readable_clips(manifest_rows, source, settings.decoder)
    return feature_table((clip.clip_id, backbone(clip, poses_of.get(clip.clip_id, nobody))) for clip in clips)


def load_backbone(settings: BackboneSettings) -> Backbone:
    """Load the backbone that the settings name.

    Args:
        settings: Which backbone, and how.

    Returns:
        A function from a clip and its pose rows to its features.

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
    raise ValueError(f"backbone '{settings.name}' is unknown; use one of: {', '.join(BACKBONES)}")
