"""Rule weights: fetch one set of pretrained weights."""

from _job import job_log

from dance_core.weights import fetch_weights

with job_log(snakemake.log[0]):
    fetch_weights(snakemake.wildcards.name, snakemake.output.folder)
