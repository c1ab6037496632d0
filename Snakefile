import re

from snakemake.utils import min_version

min_version("9.27")


configfile: "config.yaml"


include: "rules/settings.smk"
include: "rules/common.smk"
include: "rules/inputs.smk"


scattergather:
    clips=4,


wildcard_constraints:
    dataset=re.escape(config["dataset"]),
    family="motion|object|scene",
    protocol="(authors/)?",
    run=r"(authors/)?seed\d+",
    name="|".join(sorted({name for names in WEIGHTS_OF.values() for name in names} | set(ENCODERS), reverse=True)),


for stage in [*stages(), "bottleneck", "baselines", "evaluation", "naming", "explanation"]:

    include: f"rules/{stage}.smk"


rule all:
    default_target: True
    input:
        final_artifacts,
