"""Rule listing: list the clips of the source folder with their classes and splits."""

from _job import job_log

from dance_core.manifest import LISTING_SCHEMA, list_clips
from dance_core.tables import write_table

with job_log(snakemake.log[0]):
    params = snakemake.params
    clips = list_clips(params.source, params.seed, params.fractions, params.extra_splits)
    write_table(snakemake.output.listing, clips, LISTING_SCHEMA)
