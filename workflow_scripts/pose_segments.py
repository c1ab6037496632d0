"""Rule pose_segments: cut windows of poses around key frames and normalise them."""

from _job import job_log

from dance_core.manifest import usable
from dance_core.pose_segments import SegmentSettings, pose_segments, segment_schema
from dance_core.tables import read_shards, read_table, write_table

with job_log(snakemake.log[0]):
    settings = SegmentSettings(**snakemake.params.settings)
    poses = read_shards(snakemake.input.poses, order=("clip_id", "frame"))
    keyframes = read_shards(snakemake.input.keyframes)
    segments, report = pose_segments(usable(read_table(snakemake.input.manifest)), poses, keyframes, settings)
    write_table(snakemake.output.segments, segments, segment_schema(settings.length))
    write_table(snakemake.output.report, report)
