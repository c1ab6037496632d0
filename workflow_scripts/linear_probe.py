"""Rule linear_probe: fit a linear classifier on the same features, without concepts."""

from _job import job_log

from dance_core.baselines.linear_probe import linear_probe
from dance_core.feature_store import FeatureStore
from dance_core.tables import read_table, write_json, write_table

with job_log(snakemake.log[0]):
    features, manifest = FeatureStore.read(snakemake.input.features), read_table(snakemake.input.manifest)
    settings = {**snakemake.params.settings, "protocol": snakemake.params.protocol}
    predictions, selection = linear_probe(features, manifest, **settings)
    write_table(snakemake.output.predictions, predictions)
    write_json(snakemake.output.selection, selection)
