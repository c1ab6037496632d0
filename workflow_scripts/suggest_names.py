"""Rule suggest_names: ask a language model that sees skeletons what to call the motion concepts."""

from pathlib import Path

from _job import job_log

from dance_core.language.settings import LanguageSettings
from dance_core.language_usage import USAGE_SCHEMA
from dance_core.naming import read_names_file, with_keys, write_names_file
from dance_core.suggest_names import suggested_names
from dance_core.tables import read_table, write_table

with job_log(snakemake.log[0]):
    inputs, output = snakemake.input, snakemake.output
    settings = {**snakemake.params.settings, "model": snakemake.params.model or snakemake.params.settings["model"]}
    concepts = with_keys(read_table(inputs.concepts), read_table(inputs.members))
    given = read_names_file(Path(inputs.given)) if inputs.given else []
    tables = concepts, read_table(inputs.segments), read_table(inputs.manifest)
    found = suggested_names(*tables, given, LanguageSettings(**settings))
    write_names_file(Path(output.suggestions), found.rows)
    write_table(output.usage, found.usage, USAGE_SCHEMA)
    Path(output.strips).mkdir(parents=True, exist_ok=True)
    for concept, picture in found.strips.items():
        (Path(output.strips) / f"{concept}.png").write_bytes(picture)
