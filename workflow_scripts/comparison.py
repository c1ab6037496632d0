"""Rule comparison: put all runs of a data set side by side."""

from _job import job_log

from dance_core.comparison import Run, compare_runs
from dance_core.tables import read_json, read_table, write_json

with job_log(snakemake.log[0]):
    params, inputs = snakemake.params, snakemake.input
    files = zip(inputs.metrics, inputs.predictions, inputs.ablations, strict=True)
    runs = [
        Run(protocol, seed, read_json(metrics), read_table(predictions), read_table(ablations))
        for protocol, seed, (metrics, predictions, ablations) in zip(params.protocols, params.seeds, files, strict=True)
    ]
    write_json(snakemake.output.comparison, compare_runs(runs))
