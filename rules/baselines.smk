rule linear_probe:
    input:
        manifest="results/{dataset}/manifest.parquet",
        features=gather.clips("results/{{dataset}}/backbone_features/{scatteritem}.parquet"),
    output:
        predictions="results/{dataset}/{run}/linear_probe.parquet",
        selection="results/{dataset}/{run}/linear_probe.json",
    log:
        "logs/{dataset}/{run}/linear_probe.log",
    benchmark:
        "benchmarks/{dataset}/{run}/linear_probe.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="30m",
    params:
        core=core_digest("linear_probe"),
        settings=lookup(dpath="linear_probe", within=config),
        protocol=protocol_of,
    message:
        "Fitting the linear probe of {wildcards.dataset}, {wildcards.run}"
    script:
        "../workflow_scripts/linear_probe.py"
