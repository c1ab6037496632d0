"""Rule clip_features: embed every clip with the dual encoder."""

from _job import job_log, shard_of

from dance_core.dual_encoders import DualEncoderSettings, clip_features
from dance_core.manifest import select_shard, usable
from dance_core.tables import read_table, write_parts

with job_log(snakemake.log[0]):
    clips = select_shard(usable(read_table(snakemake.input.manifest)), *shard_of(snakemake.wildcards.scatteritem))
    settings = DualEncoderSettings(**snakemake.params.settings, decoder=snakemake.params.decoder)
    features = clip_features(clips, snakemake.params.source, settings, workers=snakemake.threads - 1)
    write_parts(snakemake.output.features, features)
