"""Rule keyframes: choose the frames around which pose segments are cut."""

from _job import job_log, shard_of

from dance_core.keyframes import KeyframeSettings, write_keyframes
from dance_core.manifest import select_shard, usable
from dance_core.tables import read_table

with job_log(snakemake.log[0]):
    files, params = snakemake.input, snakemake.params
    clips = select_shard(usable(read_table(files.manifest)), *shard_of(snakemake.wildcards.scatteritem))
    settings = KeyframeSettings(**params.settings)
    write_keyframes(snakemake.output.keyframes, clips, params.source, files.poses, settings, params.decoder)
