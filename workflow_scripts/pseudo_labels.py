"""Rule pseudo_labels: score every clip against every concept of one family."""

from _job import job_log

from dance_core.dual_encoders import activation_cutoff
from dance_core.feature_store import FeatureStore
from dance_core.pruning import Pruning
from dance_core.pseudo_labels import pseudo_label_table
from dance_core.tables import read_table, write_table

with job_log(snakemake.log[0]):
    params = snakemake.params
    clips = FeatureStore.read(snakemake.input.clips, "clip_features")
    concepts, manifest = read_table(snakemake.input.concepts), read_table(snakemake.input.manifest)
    cutoff = activation_cutoff(params.pruning["cutoff"], params.encoder)
    pruning = Pruning(**{**params.pruning, "cutoff": cutoff})
    family, protocol = snakemake.wildcards.family, params.protocol
    labels, scored = pseudo_label_table(clips, concepts, manifest, family, pruning, protocol)
    write_table(snakemake.output.labels, labels)
    write_table(snakemake.output.concepts, scored)
