"""Reading what the report shows from the artifacts of a run; stages that did not run leave empty tables."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from dance_core.concept_names import read_names, renamed
from dance_core.feature_store import FeatureStore
from dance_core.model import Model
from dance_core.report.clip_table import ClipTable
from dance_core.report.inputs import ReportInputs, ReportSettings
from dance_core.tables import read_json, read_shards, read_table

Files = Mapping[str, str | Path | Sequence[str | Path]]
"""Files by role: the name of a field of `ReportInputs`, {family} and {family}_concepts of the pseudo-labels, or
{family}_usage of the language model."""

COLUMNS = {
    "pose_quality": ["clip_id", "n_sampled", "n_seen", "seen", "confidence", "people", "status", "reason"],
    "motion_concepts": ["concept", "name", "label", "size", "n_clips", "purity", "medoid", "clip_id", "start", "end"],
    "partitions": ["partition", "n_clusters", "purity", "nmi", "silhouette", "n_kept", "chosen", "reason"],
    "concept_set": ["family", "concept", "classes", "kept", "reason"],
    "path": ["lam", "nec"],
}
CLIP_TABLES = ("poses", "segments", "predictions", "contributions")
"""Tables too long to be held whole."""


def read_report_inputs(
    files: Files, dataset: str, source: str | Path, config: Mapping[str, Any], settings: Mapping[str, Any]
) -> ReportInputs:
    """Read the artifacts of one finished run.

    Args:
        files: Files by role; what did not run is absent.
        dataset: Name of the data set.
        source: Folder that the paths of the manifest are relative to.
        config: The configuration that was run.
        settings: Fields of `ReportSettings`.

    Returns:
        Everything the report shows.
    """
    folder = Path(str(files["model"])).parent
    model, given = Model.load(folder), read_names(folder)
    families = [family for family in ("object", "scene") if family in files]
    tables: dict[str, Any] = {name: _table(files, name) for name in ("manifest", "concepts", *COLUMNS)}
    tables |= {name: ClipTable(_paths(files, name)) for name in CLIP_TABLES}
    tables["concepts"] = renamed(tables["concepts"], given)
    tables["motion_concepts"] = renamed(tables["motion_concepts"], given, "motion")
    return ReportInputs(
        dataset=dataset,
        source=Path(source),
        **tables,
        features=FeatureStore.read(_paths(files, "features")),
        scores={family: ClipTable(_paths(files, family)) for family in families},
        score_concepts={family: read_table(str(files[f"{family}_concepts"])) for family in families},
        usage={family: read_table(str(files[f"{family}_usage"])) for family in families if f"{family}_usage" in files},
        concept_layer=read_json(str(files["concept_layer"])),
        model=model,
        metrics=read_json(str(files["metrics"])),
        config=config,
        versions=model.versions,
        settings=ReportSettings(**settings),
        **{name: read_json(str(files[name])) for name in ("comparison", "stability") if name in files},
    )


def _table(files: Files, name: str) -> pd.DataFrame:
    """Read a table, the shards of one, or give an empty one."""
    if name not in files:
        return pd.DataFrame(columns=COLUMNS[name])
    paths = _paths(files, name)
    return read_table(paths[0]) if len(paths) == 1 else read_shards(paths)


def _paths(files: Files, name: str) -> tuple[str, ...]:
    """Give the files of a table, sorted; none where its stage did not run."""
    found = files.get(name, ())
    return (str(found),) if isinstance(found, str | Path) else tuple(sorted(map(str, found)))
