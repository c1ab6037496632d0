"""Rule explain: write down what every concept adds to every prediction."""

from pathlib import Path

from _job import job_log

from dance_core.explain import CONTRIBUTIONS_SCHEMA, contributions
from dance_core.feature_store import FeatureStore
from dance_core.model import Model
from dance_core.tables import read_table, write_parts

with job_log(snakemake.log[0]):
    model = Model.load(Path(snakemake.input.model).parent)
    features, manifest = FeatureStore.read(snakemake.input.features), read_table(snakemake.input.manifest)
    write_parts(snakemake.output.contributions, contributions(model, features, manifest), CONTRIBUTIONS_SCHEMA)
