"""Keyframes: the frames around which a clip's pose segments are cut."""

from dance_core.keyframes.selection import select_keyframes, write_keyframes
from dance_core.keyframes.settings import KEYFRAME_SCHEMA, KeyframeSettings

__all__ = ["KEYFRAME_SCHEMA", "KeyframeSettings", "select_keyframes", "write_keyframes"]
