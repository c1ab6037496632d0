"""Rule language: ask which objects or scenes go with each class."""

from functools import partial

from _job import job_log

from dance_core.dual_encoders import DualEncoderSettings, text_features
from dance_core.language.ask import ask_concepts
from dance_core.language.settings import LanguageSettings
from dance_core.language.vocabulary import train_clips
from dance_core.language_usage import USAGE_SCHEMA
from dance_core.tables import read_table, write_json, write_table

with job_log(snakemake.log[0]):
    manifest = read_table(snakemake.input.manifest)
    settings = LanguageSettings(**snakemake.params.settings, name=snakemake.wildcards.dataset)
    encoder = DualEncoderSettings(**snakemake.params.dual_encoder)
    embed = partial(text_features, settings=encoder, family=snakemake.wildcards.family)
    clips = train_clips(manifest, snakemake.input.get("clips"), embed)
    classes = sorted(set(manifest["label"]))
    document, usage = ask_concepts(snakemake.wildcards.family, classes, settings, clips)
    write_json(snakemake.output.answers, document)
    write_table(snakemake.output.usage, usage, USAGE_SCHEMA)
