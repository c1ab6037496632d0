rule pseudo_labels:
    input:
        manifest="results/{dataset}/manifest.parquet",
        clips=gather.clips("results/{{dataset}}/clip_features/{scatteritem}.parquet"),
        concepts="results/{dataset}/concept_features.parquet",
    output:
        labels="results/{dataset}/{protocol}pseudo_labels/{family}.parquet",
        concepts="results/{dataset}/{protocol}pseudo_labels/{family}_concepts.parquet",
    log:
        "logs/{dataset}/{protocol}pseudo_labels/{family}.log",
    benchmark:
        "benchmarks/{dataset}/{protocol}pseudo_labels/{family}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        core=core_digest("pseudo_labels"),
        pruning=lookup(dpath="pseudo_labels/pruning", within=config),
        protocol=protocol_of,
        encoder=lookup(dpath="dual_encoder/name", within=config),
    message:
        "Scoring clips of {wildcards.dataset} against {wildcards.family} concepts"
    script:
        "../workflow_scripts/pseudo_labels.py"


rule concept_layer:
    input:
        unpack(concept_targets),
        manifest="results/{dataset}/manifest.parquet",
        features=gather.clips("results/{{dataset}}/backbone_features/{scatteritem}.parquet"),
    output:
        tensors="results/{dataset}/{run}/concept_layer.safetensors",
        document="results/{dataset}/{run}/concept_layer.json",
    log:
        "logs/{dataset}/{run}/concept_layer.log",
    benchmark:
        "benchmarks/{dataset}/{run}/concept_layer.tsv"
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
        protocol=protocol_of,
        seed=seed_of,
    message:
        "Training the concept layer of {wildcards.dataset}, {wildcards.run}"
    script:
        "../workflow_scripts/concept_layer.py"


rule sparse_classifier:
    input:
        unpack(concept_targets),
        manifest="results/{dataset}/manifest.parquet",
        tensors="results/{dataset}/{run}/concept_layer.safetensors",
        document="results/{dataset}/{run}/concept_layer.json",
        encoders=encoder_files,
    output:
        tensors="results/{dataset}/{run}/model/model.safetensors",
        document="results/{dataset}/{run}/model/model.json",
        card="results/{dataset}/{run}/model/README.md",
        concepts="results/{dataset}/{run}/concepts.parquet",
    log:
        "logs/{dataset}/{run}/sparse_classifier.log",
    benchmark:
        "benchmarks/{dataset}/{run}/sparse_classifier.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime="4h",
    params:
        core=core_digest("sparse_classifier"),
        settings=lookup(dpath="sparse_classifier", within=config),
        seed=seed_of,
        snapshot=model_settings(),
        weights=model_weights(),
        encoders=[config[section] for section in encoder_sections()] + [{"model": path} for path in pose_model_files()],
    message:
        "Fitting the sparse classifier of {wildcards.dataset}, {wildcards.run}"
    script:
        "../workflow_scripts/sparse_classifier.py"
