"""Rule sparse_classifier: decide from the concepts alone, and store the model."""

from dataclasses import replace
from pathlib import Path

from _job import job_log

from dance_core.concept_layer import read_concept_layer
from dance_core.doctor import software_versions
from dance_core.model import fit_model
from dance_core.tables import read_table, write_table
from dance_core.target_files import read_concept_table
from dance_core.weights import weight_digests

with job_log(snakemake.log[0]):
    layer = read_concept_layer(snakemake.input.tensors, snakemake.input.document)
    model = fit_model(
        layer, read_table(snakemake.input.manifest), **snakemake.params.settings, seed=snakemake.params.seed
    )
    encoders = weight_digests(snakemake.params.weights)
    model = replace(model, encoders=encoders, settings=snakemake.params.snapshot, versions=software_versions())
    model.save(Path(snakemake.output.document).parent)
    dropped = {name: family.dropped for name, family in layer.families.items()}
    write_table(snakemake.output.concepts, read_concept_table(dict(snakemake.input.items()), dropped))
