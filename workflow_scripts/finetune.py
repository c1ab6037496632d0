"""Rule finetune: teach the backbone the classes on train, judged by val."""

from pathlib import Path

from _job import job_log

from dance_core.finetuning import Job, finetune_settings, run_job

with job_log(snakemake.log[0]):
    seen = {key: snakemake.params[key] for key in ("frames", "sampling", "stride", "decoder")}
    chosen = dict(snakemake.params.settings, **seen)
    del chosen["enabled"]
    processes = chosen.pop("processes")
    job = Job(
        manifest=snakemake.input.manifest,
        source=snakemake.params.source,
        folder=str(Path(snakemake.output.weights).parent),
        record=snakemake.output.record,
        checkpoints=snakemake.params.checkpoints,
        settings=finetune_settings(chosen),
        workers=max(snakemake.threads // processes - 1, 0),
        version=snakemake.params.core,
    )
    run_job(job, processes)
