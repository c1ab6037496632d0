"""Rule weights: fetch one set of pretrained weights."""

from _job import job_log

from dance_core.networks.hub import fetch

with job_log(snakemake.log[0]):
    fetch(snakemake.wildcards.name, snakemake.output.folder, snakemake.params.revision)
