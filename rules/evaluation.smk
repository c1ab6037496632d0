rule evaluate:
    input:
        unpack(concept_targets),
        manifest="results/{dataset}/manifest.parquet",
        features=gather.clips("results/{{dataset}}/backbone_features/{scatteritem}.parquet"),
        model="results/{dataset}/seed{seed}/model/model.json",
        tensors="results/{dataset}/seed{seed}/model/model.safetensors",
        probe="results/{dataset}/seed{seed}/linear_probe.parquet",
        concepts="results/{dataset}/seed{seed}/concepts.parquet",
    output:
        metrics="results/{dataset}/seed{seed}/metrics.json",
        predictions="results/{dataset}/seed{seed}/predictions.parquet",
    log:
        "logs/{dataset}/seed{seed}/evaluate.log",
    benchmark:
        "benchmarks/{dataset}/seed{seed}/evaluate.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        core=core_digest("evaluate"),
        settings=lookup(dpath="evaluate", within=config),
    message:
        "Evaluating {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/evaluate.py"
