"""Rule sparse_classifier: decide from the concepts alone, and store the model."""

from dataclasses import replace
from pathlib import Path

from _job import job_log

from dance_core.concept_layer import read_concept_layer
from dance_core.doctor import software_versions
from dance_core.model import fit_model
from dance_core.model_card import write_model
from dance_core.networks.encoder_registry import model_encoders
from dance_core.tables import read_table, write_table
from dance_core.target_files import read_concept_table

with job_log(snakemake.log[0]):
    layer = read_concept_layer(snakemake.input.tensors, snakemake.input.document)
    manifest = read_table(snakemake.input.manifest)
    model = fit_model(layer, manifest, **snakemake.params.settings, seed=snakemake.params.seed)
    encoders = model_encoders(snakemake.params.weights, snakemake.params.encoders)
    settings = {**snakemake.params.snapshot, **model.settings}
    model = replace(model, encoders=encoders, settings=settings, versions=software_versions())
    write_model(model, Path(snakemake.output.document).parent)
    dropped = {name: family.dropped for name, family in layer.families.items()}
    write_table(snakemake.output.concepts, read_concept_table(dict(snakemake.input.items()), dropped))
