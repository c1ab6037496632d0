"""Rule backbone_features: describe every clip by the features of the frozen backbone."""

from _job import job_log, shard_of

from dance_core.backbones import BackboneSettings, backbone_features
from dance_core.clip_rows import read_groups
from dance_core.manifest import select_shard, usable
from dance_core.tables import read_table, write_parts

with job_log(snakemake.log[0]):
    clips = select_shard(usable(read_table(snakemake.input.manifest)), *shard_of(snakemake.wildcards.scatteritem))
    settings = BackboneSettings(**snakemake.params.settings, decoder=snakemake.params.decoder)
    poses = read_groups(snakemake.input.poses)
    features = backbone_features(clips, snakemake.params.source, poses, settings, workers=snakemake.threads - 1)
    write_parts(snakemake.output.features, features)
