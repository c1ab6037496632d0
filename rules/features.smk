rule backbone_features:
    input:
        manifest="results/{dataset}/manifest.parquet",
        poses=with_poses("results/{dataset}/poses/{scatteritem}.parquet"),
        weights=weights_of("backbone", "name"),
        model=own_files("backbone", "model"),
    output:
        features="results/{dataset}/backbone_features/{scatteritem}.parquet",
    log:
        "logs/{dataset}/backbone_features/{scatteritem}.log",
    benchmark:
        "benchmarks/{dataset}/backbone_features/{scatteritem}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="4h",
    params:
        core=core_digest("backbone_features"),
        source=lookup(dpath="source", within=config),
        decoder=lookup(dpath="data/decoder", within=config),
        settings=lookup(dpath="backbone", within=config),
        encoder=ENCODERS.get(config["backbone"]["model"]),
    message:
        "Extracting backbone features of {wildcards.dataset}, part {wildcards.scatteritem}"
    script:
        "../workflow_scripts/backbone_features.py"


rule clip_features:
    input:
        manifest="results/{dataset}/manifest.parquet",
        weights=weights_of("dual_encoder", "name"),
        model=own_files("dual_encoder", "model"),
    output:
        features="results/{dataset}/clip_features/{scatteritem}.parquet",
    log:
        "logs/{dataset}/clip_features/{scatteritem}.log",
    benchmark:
        "benchmarks/{dataset}/clip_features/{scatteritem}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="4h",
    params:
        core=core_digest("clip_features"),
        source=lookup(dpath="source", within=config),
        decoder=lookup(dpath="data/decoder", within=config),
        settings=lookup(dpath="dual_encoder", within=config),
        encoder=ENCODERS.get(config["dual_encoder"]["model"]),
    message:
        "Embedding clips of {wildcards.dataset}, part {wildcards.scatteritem}"
    script:
        "../workflow_scripts/clip_features.py"
