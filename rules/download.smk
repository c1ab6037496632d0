rule download:
    output:
        report="download/{reader}",
    log:
        "logs/download/{reader}.log",
    benchmark:
        "benchmarks/download/{reader}.tsv"
    wildcard_constraints:
        reader=r"\w+",
    conda:
        "../envs/media.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime="12h",
    params:
        core=core_digest("download", "dance_core/datasets/sources.yaml"),
        source=lookup(dpath="source", within=config),
        accepted=lookup(dpath="accept_terms", within=config),
    message:
        "Fetching the data set {wildcards.reader} into {params.source}"
    script:
        "../workflow_scripts/download.py"
