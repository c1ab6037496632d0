"""The data page: every clip, its state, and a player with the skeleton over the video."""

from typing import Any

import numpy as np
import pandas as pd

from dance_core.clips import WITHOUT_VIDEO
from dance_core.report.inputs import records
from dance_core.report.markup import safe_name
from dance_core.report.site import Site

STATES = ("ok", "truncated", "unreadable", "no person", WITHOUT_VIDEO)
MOST_LISTED = 5000  # a browser lists so many without a wait


def data_page(site: Site) -> dict[str, Any]:
    """Gather what the data page shows.

    Args:
        site: The report.

    Returns:
        Variables of the template.
    """
    rows = clip_rows(site, listed_clips(site))
    return {
        "counts": class_counts(site),
        "clips": rows,
        "states": [state for state in STATES if state in {row["state"] for row in rows}],
        "playable": any(row["media"] for row in rows),
        "about": common_reason(rows),
    }


def listed_clips(site: Site) -> pd.DataFrame:
    """Choose the clips that are listed, those with a video first, where they are too many.

    Args:
        site: The report.

    Returns:
        Rows of the manifest, in reading order.
    """
    playable_first = np.argsort(~site.manifest["clip_id"].isin(list(site.media)), kind="stable")
    return site.manifest.iloc[np.sort(playable_first[:MOST_LISTED])]


def common_reason(rows: list[dict[str, Any]]) -> str:
    """Give the reason that all clips share, so that it is said once; empty where they differ.

    Args:
        rows: What `clip_rows` returned.

    Returns:
        A reason.
    """
    reasons = {row["reason"] for row in rows}
    return str(reasons.pop()) if len(reasons) == 1 else ""


def class_counts(site: Site) -> dict[str, Any]:
    """Count clips by class and split.

    Args:
        site: The report.

    Returns:
        splits, rows of label, counts and total, and the totals.
    """
    table = pd.crosstab(site.manifest["label"], site.manifest["split"])
    labels = [name for name in site.class_index if name in table.index]
    table = table.reindex(index=labels, columns=site.splits, fill_value=0)
    counts = table.to_numpy().tolist()
    rows = [{"label": name, "counts": row, "total": sum(row)} for name, row in zip(labels, counts, strict=True)]
    return {"splits": site.splits, "rows": rows, "totals": list(map(int, table.sum())), "n": len(site.manifest)}


def clip_rows(site: Site, clips: pd.DataFrame) -> list[dict[str, Any]]:
    """Describe clips.

    Args:
        site: The report.
        clips: Rows of the manifest.

    Returns:
        clip_id, name, label, split, state, reason, media, share of frames with a person, and link to the explanation.
    """
    known = site.inputs.pose_quality
    quality = {row["clip_id"]: row for row in records(known[known["clip_id"].isin(clips["clip_id"])])}
    explained = set(site.explained["clip_id"])
    rows = []
    for row in records(clips):
        clip_id = str(row["clip_id"])
        seen = quality.get(clip_id, {})
        nobody = seen.get("status", "ok") != "ok"
        rows.append(
            {
                **row,
                "name": safe_name(clip_id),
                "state": "no person" if nobody and row["status"] == "ok" else row["status"],
                "reason": "; ".join(filter(None, [row["reason"], seen["reason"] if nobody else ""])),
                "media": site.media.get(clip_id),
                "seen": seen.get("seen"),
                "page": f"clips/{safe_name(clip_id)}.html" if clip_id in explained else None,
            }
        )
    return rows
