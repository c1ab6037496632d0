"""Rule evaluate: measure the model and the linear probe on every split."""

from pathlib import Path

from _job import job_log

from dance_core.metrics import evaluate
from dance_core.model import Model
from dance_core.tables import read_shards, read_table, write_json, write_table
from dance_core.target_files import read_targets

with job_log(snakemake.log[0]):
    metrics, predictions = evaluate(
        Model.load(Path(snakemake.input.model).parent, named=False),
        read_shards(snakemake.input.features),
        read_table(snakemake.input.manifest),
        read_targets(dict(snakemake.input.items())),
        read_table(snakemake.input.concepts),
        read_table(snakemake.input.probe),
        **snakemake.params.settings,
        protocol=snakemake.params.protocol,
        order_seed=snakemake.params.seed,
    )
    write_json(snakemake.output.metrics, metrics)
    write_table(snakemake.output.predictions, predictions)
