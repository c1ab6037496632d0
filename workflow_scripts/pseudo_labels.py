"""Rule pseudo_labels: score every clip against every concept of one family."""

from _job import job_log

from dance_core.dual_encoders import activation_cutoff
from dance_core.pseudo_labels import pseudo_label_table
from dance_core.tables import read_shards, read_table, write_table

with job_log(snakemake.log[0]):
    clips = read_shards(snakemake.input.clips)
    concepts = read_table(snakemake.input.concepts)
    manifest = read_table(snakemake.input.manifest)
    cutoff = activation_cutoff(snakemake.params.cutoff, snakemake.params.encoder)
    labels, scored = pseudo_label_table(clips, concepts, manifest, snakemake.wildcards.family, cutoff)
    write_table(snakemake.output.labels, labels)
    write_table(snakemake.output.concepts, scored)
