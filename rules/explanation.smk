rule explain:
    input:
        manifest="results/{dataset}/manifest.parquet",
        features=gather.clips(
            "results/{{dataset}}/backbone_features/{scatteritem}.parquet"
        ),
        model="results/{dataset}/seed{seed}/model/model.json",
        tensors="results/{dataset}/seed{seed}/model/model.safetensors",
    output:
        contributions="results/{dataset}/seed{seed}/contributions.parquet",
    log:
        "logs/{dataset}/seed{seed}/explain.log",
    benchmark:
        "benchmarks/{dataset}/seed{seed}/explain.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        core=core_digest("explain"),
    message:
        "Explaining the predictions of {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/explain.py"
