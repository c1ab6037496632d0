"""Rule motion_concepts: cluster the train segments and assign all others."""

from _job import job_log

from dance_core.manifest import usable
from dance_core.motion_concepts import MotionSettings, fit_motion_concepts, motion_labels
from dance_core.tables import read_table, write_table, write_tensors

with job_log(snakemake.log[0]):
    settings = MotionSettings(**snakemake.params.settings)
    found = fit_motion_concepts(read_table(snakemake.input.segments), settings)
    manifest = usable(read_table(snakemake.input.manifest))
    write_table(snakemake.output.concepts, found.concepts)
    write_table(snakemake.output.partitions, found.partitions)
    write_table(snakemake.output.assignments, found.assignments)
    write_table(snakemake.output.labels, motion_labels(found.assignments, manifest, len(found.concepts)))
    tensors = {"centroids": found.centroids, "radius": found.radius, "mean": found.mean}
    write_tensors(snakemake.output.centroids, tensors)
