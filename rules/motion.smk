rule poses:
    input:
        manifest="results/{dataset}/manifest.parquet",
        weights=weights_of("poses", "estimator"),
        model=sorted({*own_files("poses", "model", "detector", "folder"), *pose_model_files()}),
    output:
        poses="results/{dataset}/poses/{scatteritem}.parquet",
        quality="results/{dataset}/pose_quality/{scatteritem}.parquet",
    log:
        "logs/{dataset}/poses/{scatteritem}.log",
    benchmark:
        "benchmarks/{dataset}/poses/{scatteritem}.tsv"
    conda:
        "../envs/poses.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime="4h",
    params:
        core=core_digest("poses"),
        source=lookup(dpath="source", within=config),
        decoder=lookup(dpath="data/decoder", within=config),
        settings=lookup(dpath="poses", within=config),
    message:
        "Estimating poses of {wildcards.dataset}, part {wildcards.scatteritem}"
    script:
        "../workflow_scripts/poses.py"


rule keyframes:
    input:
        manifest="results/{dataset}/manifest.parquet",
        poses="results/{dataset}/poses/{scatteritem}.parquet",
    output:
        keyframes="results/{dataset}/keyframes/{scatteritem}.parquet",
    log:
        "logs/{dataset}/keyframes/{scatteritem}.log",
    benchmark:
        "benchmarks/{dataset}/keyframes/{scatteritem}.tsv"
    conda:
        "../envs/media.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        core=core_digest("keyframes"),
        source=lookup(dpath="source", within=config),
        decoder=lookup(dpath="data/decoder", within=config),
        settings=lookup(dpath="keyframes", within=config),
    message:
        "Selecting key frames of {wildcards.dataset}, part {wildcards.scatteritem}"
    script:
        "../workflow_scripts/keyframes.py"


rule pose_segments:
    input:
        manifest="results/{dataset}/manifest.parquet",
        poses=gather.clips("results/{{dataset}}/poses/{scatteritem}.parquet"),
        keyframes=gather.clips("results/{{dataset}}/keyframes/{scatteritem}.parquet"),
    output:
        segments="results/{dataset}/pose_segments.parquet",
        report="results/{dataset}/segment_report.parquet",
    log:
        "logs/{dataset}/pose_segments.log",
    benchmark:
        "benchmarks/{dataset}/pose_segments.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="30m",
    params:
        core=core_digest("pose_segments"),
        settings=lookup(dpath="pose_segments", within=config),
    message:
        "Cutting pose segments of {wildcards.dataset} around key frames"
    script:
        "../workflow_scripts/pose_segments.py"


rule motion_concepts:
    input:
        manifest="results/{dataset}/manifest.parquet",
        segments="results/{dataset}/pose_segments.parquet",
    output:
        concepts="results/{dataset}/motion_concepts/concepts.parquet",
        centroids="results/{dataset}/motion_concepts/centroids.safetensors",
        partitions="results/{dataset}/motion_concepts/partitions.parquet",
        assignments="results/{dataset}/motion_concepts/assignments.parquet",
        labels="results/{dataset}/motion_concepts/labels.parquet",
        stability="results/{dataset}/motion_concepts/stability.json",
    log:
        "logs/{dataset}/motion_concepts.log",
    benchmark:
        "benchmarks/{dataset}/motion_concepts.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime="2h",
    params:
        core=core_digest("motion_concepts"),
        settings=lookup(dpath="motion_concepts", within=config),
    message:
        "Clustering pose segments of {wildcards.dataset} into motion concepts"
    script:
        "../workflow_scripts/motion_concepts.py"
