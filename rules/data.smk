rule weights:
    output:
        folder=directory("weights/{name}"),
    log:
        "logs/weights/{name}.log",
    benchmark:
        "benchmarks/weights/{name}.tsv"
    conda:
        "../envs/media.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime="30m",
    params:
        core=core_digest("weights"),
        revision=revision_of,
    message:
        "Fetching the pretrained weights of {wildcards.name}"
    script:
        "../workflow_scripts/weights.py"


rule listing:
    output:
        listing="results/{dataset}/listing.parquet",
    log:
        "logs/{dataset}/listing.log",
    benchmark:
        "benchmarks/{dataset}/listing.tsv"
    conda:
        "../envs/media.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        core=core_digest("listing"),
        source=lookup(dpath="source", within=config),
        seed=lookup(dpath="data/seed", within=config),
        fractions=lookup(dpath="data/fractions", within=config),
        extra_splits=lookup(dpath="data/extra_splits", within=config),
        reader=lookup(dpath="data/reader", within=config),
        official_split=lookup(dpath="data/split", within=config),
        classes=lookup(dpath="data/classes", within=config),
        annotations=lookup(dpath="data/annotations", within=config),
        extra_tests=lookup(dpath="data/extra_tests", within=config),
        clips=clips_digest,
    message:
        "Listing the clips of {wildcards.dataset}"
    script:
        "../workflow_scripts/listing.py"


rule probe:
    input:
        listing="results/{dataset}/listing.parquet",
    output:
        probed="results/{dataset}/probe/{scatteritem}.parquet",
    log:
        "logs/{dataset}/probe/{scatteritem}.log",
    benchmark:
        "benchmarks/{dataset}/probe/{scatteritem}.tsv"
    conda:
        "../envs/media.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="4h",
    params:
        core=core_digest("probe"),
        source=lookup(dpath="source", within=config),
    message:
        "Probing clips of {wildcards.dataset}, part {wildcards.scatteritem}"
    script:
        "../workflow_scripts/probe.py"


rule manifest:
    input:
        listing="results/{dataset}/listing.parquet",
        probed=gather.clips("results/{{dataset}}/probe/{scatteritem}.parquet"),
    output:
        manifest="results/{dataset}/manifest.parquet",
    log:
        "logs/{dataset}/manifest.log",
    benchmark:
        "benchmarks/{dataset}/manifest.tsv"
    conda:
        "../envs/media.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        core=core_digest("manifest"),
    message:
        "Gathering the manifest of {wildcards.dataset}"
    script:
        "../workflow_scripts/manifest.py"
