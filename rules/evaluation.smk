rule evaluate:
    input:
        unpack(concept_targets),
        manifest="results/{dataset}/manifest.parquet",
        features=gather.clips("results/{{dataset}}/backbone_features/{scatteritem}.parquet"),
        model="results/{dataset}/{run}/model/model.json",
        tensors="results/{dataset}/{run}/model/model.safetensors",
        probe="results/{dataset}/{run}/linear_probe.parquet",
        concepts="results/{dataset}/{run}/concepts.parquet",
    output:
        metrics="results/{dataset}/{run}/metrics.json",
        predictions="results/{dataset}/{run}/predictions.parquet",
    log:
        "logs/{dataset}/{run}/evaluate.log",
    benchmark:
        "benchmarks/{dataset}/{run}/evaluate.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        core=core_digest("evaluate"),
        settings=lookup(dpath="evaluate", within=config),
        protocol=protocol_of,
        seed=seed_of,
    message:
        "Evaluating {wildcards.dataset}, {wildcards.run}"
    script:
        "../workflow_scripts/evaluate.py"


rule ablations:
    input:
        manifest="results/{dataset}/manifest.parquet",
        features=gather.clips("results/{{dataset}}/backbone_features/{scatteritem}.parquet"),
        model="results/{dataset}/{run}/model/model.json",
        tensors="results/{dataset}/{run}/model/model.safetensors",
        layer="results/{dataset}/{run}/concept_layer.safetensors",
        document="results/{dataset}/{run}/concept_layer.json",
    output:
        ablations="results/{dataset}/{run}/ablations.parquet",
        path="results/{dataset}/{run}/path.parquet",
    log:
        "logs/{dataset}/{run}/ablations.log",
    benchmark:
        "benchmarks/{dataset}/{run}/ablations.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="4h",
    params:
        core=core_digest("ablations"),
        settings=lookup(dpath="ablations", within=config),
        lam=lookup(dpath="sparse_classifier/lam", within=config),
        alpha=lookup(dpath="sparse_classifier/alpha", within=config),
        seed=seed_of,
    message:
        "Comparing parts of the concepts of {wildcards.dataset}, {wildcards.run}"
    script:
        "../workflow_scripts/ablations.py"


rule comparison:
    input:
        metrics=expand("results/{{dataset}}/{run}/metrics.json", run=runs()),
        predictions=expand("results/{{dataset}}/{run}/predictions.parquet", run=runs()),
        ablations=expand("results/{{dataset}}/{run}/ablations.parquet", run=runs()),
    output:
        comparison="results/{dataset}/comparison.json",
    log:
        "logs/{dataset}/comparison.log",
    benchmark:
        "benchmarks/{dataset}/comparison.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        core=core_digest("comparison"),
        protocols=[protocol for protocol in config["protocols"] for seed in config["seeds"]],
        seeds=[seed for protocol in config["protocols"] for seed in config["seeds"]],
    message:
        "Putting the runs of {wildcards.dataset} side by side"
    script:
        "../workflow_scripts/comparison.py"
