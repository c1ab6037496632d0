rule language:
    input:
        unpack(vocabulary_inputs),
        manifest="results/{dataset}/manifest.parquet",
        answers=recorded_answers,
    output:
        answers="results/{dataset}/concepts/{family}.json",
        usage="results/{dataset}/concepts/{family}_usage.parquet",
    log:
        "logs/{dataset}/language/{family}.log",
    benchmark:
        "benchmarks/{dataset}/language/{family}.tsv"
    conda:
        "../envs/language.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime="30m",
    params:
        core=core_digest("language", "dance_core/prompts/*"),
        settings=lookup(dpath="language", within=config),
        dual_encoder=lookup(dpath="dual_encoder", within=config),
    message:
        "Proposing {wildcards.family} concepts for {wildcards.dataset}"
    script:
        "../workflow_scripts/language.py"


rule concept_set:
    input:
        manifest="results/{dataset}/manifest.parquet",
        answers=expand("results/{{dataset}}/concepts/{family}.json", family=text_families()),
        weights=weights_of("dual_encoder", "name"),
        model=own_files("dual_encoder", "model"),
    output:
        concepts="results/{dataset}/concepts/concept_set.parquet",
    log:
        "logs/{dataset}/concept_set.log",
    benchmark:
        "benchmarks/{dataset}/concept_set.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime="30m",
    params:
        core=core_digest("concept_set"),
        settings=lookup(dpath="concept_set", within=config),
        dual_encoder=lookup(dpath="dual_encoder", within=config),
    message:
        "Filtering the concepts of {wildcards.dataset}"
    script:
        "../workflow_scripts/concept_set.py"


rule concept_features:
    input:
        concepts="results/{dataset}/concepts/concept_set.parquet",
        weights=weights_of("dual_encoder", "name"),
        model=own_files("dual_encoder", "model"),
    output:
        features="results/{dataset}/concept_features.parquet",
    log:
        "logs/{dataset}/concept_features.log",
    benchmark:
        "benchmarks/{dataset}/concept_features.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime="30m",
    params:
        core=core_digest("concept_features"),
        settings=lookup(dpath="dual_encoder", within=config),
    message:
        "Embedding the concepts of {wildcards.dataset}"
    script:
        "../workflow_scripts/concept_features.py"
