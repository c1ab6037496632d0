"""Rule download: fetch a data set from its authors and unpack it into the source folder."""

from _job import job_log

from dance_core.datasets.download import download
from dance_core.tables import write_json

with job_log(snakemake.log[0]):
    params = snakemake.params
    report = download(snakemake.wildcards.reader, params.source, params.accepted)
    write_json(snakemake.output.report, report)
