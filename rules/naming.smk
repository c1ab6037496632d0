rule naming:
    input:
        unpack(keyed_concepts),
        model="results/{dataset}/{run}/model/model.json",
        given=given_names,
    output:
        names="results/{dataset}/{run}/model/names.json",
    log:
        "logs/{dataset}/{run}/naming.log",
    benchmark:
        "benchmarks/{dataset}/{run}/naming.tsv"
    conda:
        "../envs/media.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime="10m",
    params:
        core=core_digest("naming"),
    message:
        "Naming the motion concepts of {wildcards.dataset}, {wildcards.run}"
    script:
        "../workflow_scripts/naming.py"


rule suggest_names:
    input:
        unpack(keyed_concepts),
        manifest="results/{dataset}/manifest.parquet",
        segments="results/{dataset}/pose_segments.parquet",
        given=given_names,
    output:
        suggestions="results/{dataset}/motion_concepts/suggestions.csv",
        usage="results/{dataset}/motion_concepts/suggestions_usage.parquet",
        strips=directory("results/{dataset}/motion_concepts/strips"),
    log:
        "logs/{dataset}/suggest_names.log",
    benchmark:
        "benchmarks/{dataset}/suggest_names.tsv"
    conda:
        "../envs/language.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="1h",
    params:
        core=core_digest("suggest_names", "dance_core/prompts/motion.md"),
        settings=lookup(dpath="language", within=config),
        model=lookup(dpath="naming/model", within=config),
    message:
        "Suggesting names for the motion concepts of {wildcards.dataset}"
    script:
        "../workflow_scripts/suggest_names.py"
