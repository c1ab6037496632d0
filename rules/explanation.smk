rule explain:
    input:
        manifest="results/{dataset}/manifest.parquet",
        features=gather.clips("results/{{dataset}}/backbone_features/{scatteritem}.parquet"),
        model="results/{dataset}/{run}/model/model.json",
        tensors="results/{dataset}/{run}/model/model.safetensors",
        names=names_of_run,
    output:
        contributions="results/{dataset}/{run}/contributions.parquet",
    log:
        "logs/{dataset}/{run}/explain.log",
    benchmark:
        "benchmarks/{dataset}/{run}/explain.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        core=core_digest("explain"),
    message:
        "Explaining the predictions of {wildcards.dataset}, {wildcards.run}"
    script:
        "../workflow_scripts/explain.py"


rule report:
    input:
        unpack(report_files),
    output:
        site=directory("results/{dataset}/report"),
    log:
        "logs/{dataset}/report.log",
    benchmark:
        "benchmarks/{dataset}/report.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="1h",
    params:
        core=core_digest("report", "dance_core/report/templates/*", "dance_core/report/static/*"),
        source=lookup(dpath="source", within=config),
        settings=lookup(dpath="report", within=config),
        config=config,
    message:
        "Writing the report of {wildcards.dataset}"
    script:
        "../workflow_scripts/report.py"
