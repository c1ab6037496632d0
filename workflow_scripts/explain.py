"""Rule explain: write down what every concept adds to every prediction."""

from pathlib import Path

from _job import job_log

from dance_core.explain import contributions
from dance_core.model import Model
from dance_core.tables import read_shards, read_table, write_table

with job_log(snakemake.log[0]):
    model = Model.load(Path(snakemake.input.model).parent)
    manifest = read_table(snakemake.input.manifest)
    write_table(snakemake.output.contributions, contributions(model, read_shards(snakemake.input.features), manifest))
