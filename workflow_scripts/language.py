"""Rule language: ask which objects or scenes go with each class."""

from functools import partial

from _job import job_log

from dance_core.dual_encoders import DualEncoderSettings, text_features
from dance_core.language import LanguageSettings, ask_concepts, train_clips
from dance_core.tables import read_table, write_json

with job_log(snakemake.log[0]):
    manifest = read_table(snakemake.input.manifest)
    settings = LanguageSettings(**snakemake.params.settings, name=snakemake.wildcards.dataset)
    encoder = DualEncoderSettings(**snakemake.params.dual_encoder)
    embed = partial(text_features, settings=encoder, family=snakemake.wildcards.family)
    clips = train_clips(manifest, snakemake.input.get("clips"), embed)
    classes = sorted(set(manifest["label"]))
    write_json(snakemake.output.answers, ask_concepts(snakemake.wildcards.family, classes, settings, clips))
