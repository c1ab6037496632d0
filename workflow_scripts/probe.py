"""Rule probe: decode every clip once and write down what it is."""

from _job import job_log, shard_of

from dance_core.manifest import MANIFEST_SCHEMA, probe_clips, select_shard
from dance_core.tables import read_table, write_table

with job_log(snakemake.log[0]):
    shard = select_shard(read_table(snakemake.input.listing), *shard_of(snakemake.wildcards.scatteritem))
    write_table(snakemake.output.probed, probe_clips(shard, snakemake.params.source), MANIFEST_SCHEMA)
