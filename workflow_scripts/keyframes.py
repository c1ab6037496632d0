"""Rule keyframes: choose the frames around which pose segments are cut."""

from _job import job_log, shard_of

from dance_core.keyframes import KEYFRAME_SCHEMA, KeyframeSettings, select_keyframes
from dance_core.manifest import select_shard, usable
from dance_core.tables import read_table, write_table

with job_log(snakemake.log[0]):
    clips = select_shard(usable(read_table(snakemake.input.manifest)), *shard_of(snakemake.wildcards.scatteritem))
    poses = read_table(snakemake.input.poses)
    settings = KeyframeSettings(**snakemake.params.settings)
    keyframes = select_keyframes(clips, snakemake.params.source, poses, settings, snakemake.params.decoder)
    write_table(snakemake.output.keyframes, keyframes, KEYFRAME_SCHEMA)
