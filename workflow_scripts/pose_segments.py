"""Rule pose_segments: cut windows of poses around key frames and normalise them."""

from _job import job_log

from dance_core.manifest import usable
from dance_core.pose_segments import SegmentSettings, write_pose_segments
from dance_core.tables import read_table

with job_log(snakemake.log[0]):
    files, output = snakemake.input, snakemake.output
    settings = SegmentSettings(**snakemake.params.settings)
    manifest = usable(read_table(files.manifest))
    write_pose_segments(output.segments, output.report, manifest, files.poses, files.keyframes, settings)
