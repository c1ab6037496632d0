rule finetune:
    input:
        manifest="results/{dataset}/manifest.parquet",
        model=own_files("finetuning", "model"),
        weights=weights_of("finetuning", "architecture"),
    output:
        config="results/{dataset}/finetuned/config.json",
        weights="results/{dataset}/finetuned/model.safetensors",
        preprocessor="results/{dataset}/finetuned/preprocessor_config.json",
        epochs="results/{dataset}/finetuned/log.parquet",
        record="results/{dataset}/finetuning.json",
    log:
        "logs/{dataset}/finetune.log",
    benchmark:
        "benchmarks/{dataset}/finetune.tsv"
    priority: 1  # the longest job of all starts first, and says first what it lacks
    conda:
        "../envs/torch.yaml"
    threads: 4
    resources:
        mem_mb=16000,
        runtime="2d",
    params:
        core=core_digest("finetune"),
        source=lookup(dpath="source", within=config),
        decoder=lookup(dpath="data/decoder", within=config),
        frames=lookup(dpath="backbone/frames", within=config),
        sampling=lookup(dpath="backbone/sampling", within=config),
        stride=lookup(dpath="backbone/stride", within=config),
        settings=lookup(dpath="finetuning", within=config),
        checkpoints="results/{dataset}/finetuning_checkpoints",
    message:
        "Fine-tuning the backbone on the train clips of {wildcards.dataset}"
    script:
        "../workflow_scripts/finetune.py"
