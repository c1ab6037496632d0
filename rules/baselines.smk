rule linear_probe:
    input:
        manifest="results/{dataset}/manifest.parquet",
        features=gather.clips("results/{{dataset}}/backbone_features/{scatteritem}.parquet"),
    output:
        predictions="results/{dataset}/seed{seed}/linear_probe.parquet",
        selection="results/{dataset}/seed{seed}/linear_probe.json",
    log:
        "logs/{dataset}/seed{seed}/linear_probe.log",
    benchmark:
        "benchmarks/{dataset}/seed{seed}/linear_probe.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="30m",
    params:
        core=core_digest("linear_probe"),
        settings=lookup(dpath="linear_probe", within=config),
    message:
        "Fitting the linear probe of {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/linear_probe.py"
