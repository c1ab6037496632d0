"""Rule evaluate: measure the model and the linear probe on every split."""

from pathlib import Path

from _job import job_log

from dance_core.feature_store import FeatureStore
from dance_core.metrics import evaluate
from dance_core.model import Model
from dance_core.tables import read_table, write_json, write_table
from dance_core.target_files import read_targets

with job_log(snakemake.log[0]):
    files, params = snakemake.input, snakemake.params
    settings = {**params.settings, "protocol": params.protocol, "order_seed": params.seed}
    metrics, predictions = evaluate(
        Model.load(Path(files.model).parent, named=False),
        FeatureStore.read(files.features),
        read_table(files.manifest),
        read_targets(dict(files.items())),
        *map(read_table, (files.concepts, files.probe)),
        **settings,
    )
    write_json(snakemake.output.metrics, metrics)
    write_table(snakemake.output.predictions, predictions)
