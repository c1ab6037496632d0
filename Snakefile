import re

from snakemake.utils import min_version

min_version("9.27")


configfile: "config.yaml"


include: "rules/settings.smk"
include: "rules/common.smk"


scattergather:
    clips=4,


wildcard_constraints:
    dataset=re.escape(config["dataset"]),
    family="motion|object|scene",
    seed=r"\d+",
    name="|".join(sorted({name for names in WEIGHTS_OF.values() for name in names})),


include: "rules/data.smk"
include: "rules/motion.smk"
include: "rules/features.smk"
include: "rules/concepts.smk"
include: "rules/bottleneck.smk"
include: "rules/baselines.smk"
include: "rules/evaluation.smk"
include: "rules/explanation.smk"


rule all:
    default_target: True
    input:
        final_artifacts,
