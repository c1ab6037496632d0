"""Rule report: write the site that shows the data, the concepts and every explanation."""

from pathlib import Path

from _job import job_log

from dance_core.report import build_report
from dance_core.report.loading import read_report_inputs

with job_log(snakemake.log[0]):
    params = snakemake.params
    files = dict(snakemake.input.items())
    inputs = read_report_inputs(files, snakemake.wildcards.dataset, params.source, params.config, params.settings)
    build_report(inputs, Path(snakemake.output.site))
