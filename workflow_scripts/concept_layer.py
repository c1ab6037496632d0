"""Rule concept_layer: fit the linear maps from backbone features to concepts."""

from _job import job_log

from dance_core.concept_layer import ConceptLayerSettings, fit_concept_layer, write_concept_layer
from dance_core.concept_solvers import AdamSolver
from dance_core.feature_store import FeatureStore
from dance_core.tables import read_table
from dance_core.target_files import read_targets

with job_log(snakemake.log[0]):
    settings = dict(snakemake.params.settings)
    adam = AdamSolver(**settings.pop("adam"), seed=snakemake.params.seed)
    features = FeatureStore.read(snakemake.input.features)
    targets = read_targets(dict(snakemake.input.items()))
    manifest = read_table(snakemake.input.manifest)
    settings = ConceptLayerSettings(**settings, adam=adam)
    layer = fit_concept_layer(
        features, targets, manifest, settings, snakemake.params.backbone, snakemake.params.protocol
    )
    write_concept_layer(layer, snakemake.output.tensors, snakemake.output.document)
