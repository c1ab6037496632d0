"""Rule concept_set: filter the proposed concepts, keeping the reason of every one that is dropped."""

from functools import partial

from _job import job_log

from dance_core.concept_set import ConceptFilter, build_concept_set
from dance_core.dual_encoders import DualEncoderSettings, text_features
from dance_core.tables import read_json, read_table, write_table

with job_log(snakemake.log[0]):
    classes = sorted(set(read_table(snakemake.input.manifest)["label"]))
    documents = [read_json(path) for path in snakemake.input.answers]
    embed = partial(text_features, settings=DualEncoderSettings(**snakemake.params.dual_encoder))
    concepts = build_concept_set(documents, classes, embed, ConceptFilter(**snakemake.params.settings))
    write_table(snakemake.output.concepts, concepts)
