"""Rule listing: list the clips of the source folder with their classes and splits."""

from pathlib import Path

from _job import job_log

from dance_core.datasets import ReaderOptions
from dance_core.manifest import LISTING_SCHEMA, list_clips
from dance_core.tables import write_table

with job_log(snakemake.log[0]):
    params = snakemake.params
    options = ReaderOptions(
        params.official_split,
        Path(params.classes) if params.classes else None,
        Path(params.annotations) if params.annotations else None,
        {name: Path(folder) for name, folder in params.extra_tests.items()},
    )
    chosen = (params.source, params.seed, params.fractions, params.extra_splits, params.reader)
    write_table(snakemake.output.listing, list_clips(*chosen, options), LISTING_SCHEMA)
