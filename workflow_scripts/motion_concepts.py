"""Rule motion_concepts: cluster the train segments and assign all others."""

from _job import job_log

from dance_core.manifest import usable
from dance_core.motion_concepts import MotionSettings, SegmentStore, fit_motion_concepts, motion_labels, refit_stability
from dance_core.tables import read_table, write_json, write_table, write_tensors

with job_log(snakemake.log[0]):
    settings = MotionSettings(**snakemake.params.settings)
    segments = SegmentStore.read(snakemake.input.segments)
    found = fit_motion_concepts(segments, settings)
    manifest = usable(read_table(snakemake.input.manifest))
    write_table(snakemake.output.concepts, found.concepts)
    write_table(snakemake.output.partitions, found.partitions)
    write_table(snakemake.output.assignments, found.assignments)
    write_table(snakemake.output.labels, motion_labels(found.assignments, manifest, len(found.concepts)))
    tensors = {"centroids": found.centroids, "radius": found.radius, "mean": found.mean}
    write_tensors(snakemake.output.centroids, tensors)
    write_json(snakemake.output.stability, refit_stability(segments, settings))
