"""Rule listing: list the clips of the source folder with their classes and splits."""

from _job import job_log

from dance_core.manifest import LISTING_SCHEMA, list_clips
from dance_core.tables import write_table

with job_log(snakemake.log[0]):
    settings = snakemake.params.settings
    clips = list_clips(snakemake.params.source, settings["seed"], settings["fractions"], settings["extra_splits"])
    write_table(snakemake.output.listing, clips, LISTING_SCHEMA)
