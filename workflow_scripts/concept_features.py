"""Rule concept_features: embed the kept concepts with the dual encoder."""

from _job import job_log

from dance_core.dual_encoders import DualEncoderSettings, concept_features
from dance_core.tables import read_table, write_table

with job_log(snakemake.log[0]):
    settings = DualEncoderSettings(**snakemake.params.settings)
    write_table(snakemake.output.features, concept_features(read_table(snakemake.input.concepts), settings))
