"""Rule import_release: turn a release into the tables of the stages that it takes the place of."""

from pathlib import Path

from _job import job_log

from dance_core.manifest import select_shard
from dance_core.release import ReleaseFolder, release_artifacts
from dance_core.tables import write_table

with job_log(snakemake.log[0]):
    params, output = snakemake.params, snakemake.output
    found = release_artifacts(ReleaseFolder(Path(params.release)), params.seed, params.fractions, params.poses)
    write_table(output.manifest, found.manifest)
    for table, shards in ((found.backbone_features, output.features), (found.clip_features, output.clip_features)):
        for number, path in enumerate(shards):
            write_table(path, select_shard(table, number, len(shards)))
    write_table(output.concept_set, found.concept_set)
    write_table(output.concept_features, found.concept_features)
    write_table(output.labels, found.motion_labels)
    write_table(output.concepts, found.motion_concepts)
