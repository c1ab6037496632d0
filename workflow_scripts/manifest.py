"""Rule manifest: gather the probed clips and check that every class can be learnt."""

from _job import job_log

from dance_core.manifest import MANIFEST_SCHEMA, check_manifest
from dance_core.tables import read_shards, write_table

with job_log(snakemake.log[0]):
    manifest = read_shards(snakemake.input.probed)
    check_manifest(manifest)
    write_table(snakemake.output.manifest, manifest, MANIFEST_SCHEMA)
