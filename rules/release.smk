rule import_release:
    input:
        release=release_files(),
        poses=own_files("poses", "folder"),
    output:
        manifest="results/{dataset}/manifest.parquet",
        features=scatter.clips("results/{{dataset}}/backbone_features/{scatteritem}.parquet"),
        clip_features=scatter.clips("results/{{dataset}}/clip_features/{scatteritem}.parquet"),
        concept_set="results/{dataset}/concepts/concept_set.parquet",
        concept_features="results/{dataset}/concept_features.parquet",
        labels="results/{dataset}/released_motion/labels.parquet",
        concepts="results/{dataset}/released_motion/concepts.parquet",
    log:
        "logs/{dataset}/import_release.log",
    benchmark:
        "benchmarks/{dataset}/import_release.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="30m",
    params:
        core=core_digest("import_release"),
        release=lookup(dpath="release", within=config),
        poses=lookup(dpath="poses/folder", within=config),
        seed=lookup(dpath="data/seed", within=config),
        fractions=lookup(dpath="data/fractions", within=config),
    message:
        "Importing the release of {wildcards.dataset}"
    script:
        "../workflow_scripts/import_release.py"
