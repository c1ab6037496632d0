"""Rule naming: put the names that a person gave to motion concepts beside the model."""

from pathlib import Path

from _job import job_log

from dance_core.concept_names import write_names
from dance_core.naming import given_names, with_keys
from dance_core.tables import read_table

with job_log(snakemake.log[0]):
    concepts = with_keys(read_table(snakemake.input.concepts), read_table(snakemake.input.members))
    given = Path(snakemake.input.given) if snakemake.input.given else None
    write_names(snakemake.output.names, given_names(concepts, given))
