rule concept_layer:
    input:
        unpack(concept_targets),
        manifest="results/{dataset}/manifest.parquet",
        features=gather.clips("results/{{dataset}}/backbone_features/{scatteritem}.parquet"),
    output:
        tensors="results/{dataset}/seed{seed}/concept_layer.safetensors",
        document="results/{dataset}/seed{seed}/concept_layer.json",
    log:
        "logs/{dataset}/seed{seed}/concept_layer.log",
    benchmark:
        "benchmarks/{dataset}/seed{seed}/concept_layer.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime="4h",
    params:
        core=core_digest("concept_layer"),
        families=lookup(dpath="families", within=config),
        settings=lookup(dpath="concept_layer", within=config),
        backbone=lookup(dpath="backbone/name", within=config),
    message:
        "Training the concept layer of {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/concept_layer.py"


rule sparse_classifier:
    input:
        unpack(concept_targets),
        manifest="results/{dataset}/manifest.parquet",
        tensors="results/{dataset}/seed{seed}/concept_layer.safetensors",
        document="results/{dataset}/seed{seed}/concept_layer.json",
    output:
        tensors="results/{dataset}/seed{seed}/model/model.safetensors",
        document="results/{dataset}/seed{seed}/model/model.json",
        concepts="results/{dataset}/seed{seed}/concepts.parquet",
    log:
        "logs/{dataset}/seed{seed}/sparse_classifier.log",
    benchmark:
        "benchmarks/{dataset}/seed{seed}/sparse_classifier.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime="4h",
    params:
        core=core_digest("sparse_classifier"),
        settings=lookup(dpath="sparse_classifier", within=config),
        snapshot=model_settings(),
        weights=model_weights(),
    message:
        "Fitting the sparse classifier of {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/sparse_classifier.py"
