"""Rule poses: estimate the poses of the main person in every sampled frame."""

from _job import job_log, shard_of

from dance_core.manifest import select_shard, usable
from dance_core.poses import PoseSettings, write_poses
from dance_core.tables import read_table

with job_log(snakemake.log[0]):
    clips = select_shard(usable(read_table(snakemake.input.manifest)), *shard_of(snakemake.wildcards.scatteritem))
    settings = PoseSettings(**snakemake.params.settings, decoder=snakemake.params.decoder)
    write_poses(snakemake.output.poses, snakemake.output.quality, clips, snakemake.params.source, settings)
