"""Rule ablations: fit the classifier to parts of the concepts, to random ones and to the features."""

from pathlib import Path

from _job import job_log

from dance_core.ablations import AblationSettings, compare
from dance_core.concept_layer import read_concept_layer
from dance_core.feature_store import FeatureStore
from dance_core.model import Model
from dance_core.regularisation_path import path_table
from dance_core.run_clips import study
from dance_core.tables import read_table, write_table

with job_log(snakemake.log[0]):
    params = snakemake.params
    model = Model.load(Path(snakemake.input.model).parent, named=False)
    layer = read_concept_layer(snakemake.input.layer, snakemake.input.document)
    chosen = {**params.settings, "lam": params.lam, "alpha": params.alpha, "seed": params.seed}
    n_values = chosen.pop("path_values")
    features = FeatureStore.read(snakemake.input.features)
    clips = study(model, layer, features, read_table(snakemake.input.manifest))
    table = compare(clips.z, clips.y, clips.families, clips.x, clips.groups, AblationSettings(**chosen))
    write_table(snakemake.output.ablations, table)
    write_table(snakemake.output.path, path_table(clips, params.alpha, n_values))
