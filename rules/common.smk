import os
from hashlib import sha256
from modulefinder import ModuleFinder
from pathlib import Path

# The sets of pretrained weights behind each model that needs no download from a model hub.
WEIGHTS_OF = {
    "blazepose": ["blazepose"],
    "efficientnet": ["efficientnet_lite0"],
    "conse": ["efficientnet_lite0", "imagenet_names", "minilm"],
}
VIDEO_SUFFIXES = {".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".webm"}


def core_digest(stem, *data):
    """Digest of the dance_core modules that a script reaches, and of data files they read.

    Snakemake reruns a job when its script changes, but not when a module that the script imports does.
    """
    base = Path(workflow.basedir)
    finder = ModuleFinder(path=[str(base), str(base / "workflow_scripts")])
    finder.run_script(str(base / "workflow_scripts" / f"{stem}.py"))
    sources = [found.__file__ for name, found in finder.modules.items() if name.split(".")[0] in ("dance_core", "_job")]
    files = {Path(file) for file in sources if file} | {file for pattern in data for file in base.glob(pattern)}
    return sha256(b"".join(file.read_bytes() for file in sorted(files) if file.is_file())).hexdigest()[:12]


def clips_digest():
    """Digest of manifest.csv and of the names, sizes and times of the clips, so that a change of them is noticed."""
    source = Path(config["source"])
    tables = [file.read_bytes() for file in (source / "manifest.csv",) if file.is_file()]
    clips = sorted(file for file in source.rglob("*") if file.suffix.lower() in VIDEO_SUFFIXES and file.is_file())
    lines = [os.fsencode(f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}\n") for file in clips]
    return sha256(b"".join(tables + lines)).hexdigest()[:12]


def own_files(section, *keys):
    """The files of models or poses that a config section names, so that a new version of them is noticed."""
    paths = [Path(config[section][key]) for key in keys if config[section][key]]
    folders = [file for path in paths if path.is_dir() for file in sorted(path.rglob("*")) if file.is_file()]
    return [str(path) for path in paths if path.is_file()] + [str(file) for file in folders]


def weights_of(section, key):
    """Folders of pretrained weights that the chosen model of a config section needs."""
    return [f"weights/{name}" for name in WEIGHTS_OF.get(config[section][key], [])]


def text_families():
    """The chosen families whose concepts are words."""
    return [family for family in ("object", "scene") if family in config["families"]]


def needs_poses():
    """Whether poses are estimated: for motion concepts, or for features of person crops."""
    return "motion" in config["families"] or config["backbone"]["name"] == "efficientnet"


def with_poses(path):
    """The pose shard, where the features need to know where the person is."""
    return path if config["backbone"]["name"] == "efficientnet" else []


def vocabulary_inputs(wildcards):
    """What the built-in vocabulary needs to pick concepts: embedded clips and the text encoder."""
    if config["language"]["source"] != "vocabulary":
        return {}
    shards = gather.clips("results/{{dataset}}/clip_features/{scatteritem}.parquet")
    return {
        "clips": expand(shards, dataset=wildcards.dataset),
        "weights": weights_of("dual_encoder", "name"),
    }


def recorded_answers(wildcards):
    """The file of recorded or own answers, so that an edit of it is noticed."""
    source = config["language"]["source"]
    if source == "recorded":
        path = f"{config['language']['answers']}/{wildcards.dataset}.{wildcards.family}.json"
        return [path] if Path(path).is_file() else []
    return [config["language"]["answers"]] if source == "file" else []


def concept_targets(wildcards):
    """Labels that the concept layer learns from, and their concepts, of the chosen families."""
    root = f"results/{wildcards.dataset}"
    targets = {"concept_set": f"{root}/concepts/concept_set.parquet"} if text_families() else {}
    for family in text_families():
        targets[family] = f"{root}/pseudo_labels/{family}.parquet"
        targets[f"{family}_concepts"] = f"{root}/pseudo_labels/{family}_concepts.parquet"
    if "motion" in config["families"]:
        targets["motion"] = f"{root}/motion_concepts/labels.parquet"
        targets["motion_concepts"] = f"{root}/motion_concepts/concepts.parquet"
    return targets


def report_files(wildcards):
    """Everything the report of the first seed shows, as far as the chosen families made it."""
    root = f"results/{wildcards.dataset}"
    seed = f"{root}/seed{config['seeds'][0]}"
    files = {name: f"{seed}/{name}.parquet" for name in ("predictions", "contributions", "concepts")}
    files |= {"model": f"{seed}/model/model.json", "metrics": f"{seed}/metrics.json"}
    files |= {"concept_layer": f"{seed}/concept_layer.json", "manifest": f"{root}/manifest.parquet"}
    shards = {"features": "backbone_features"}
    if needs_poses():
        shards |= {"poses": "poses", "pose_quality": "pose_quality"}
    if "motion" in config["families"]:
        files["segments"] = f"{root}/pose_segments.parquet"
        files["partitions"] = f"{root}/motion_concepts/partitions.parquet"
    for name, stage in shards.items():
        path = gather.clips(f"results/{{{{dataset}}}}/{stage}/{{scatteritem}}.parquet")
        files[name] = expand(path, dataset=wildcards.dataset)
    labels = concept_targets(wildcards)
    labels.pop("motion", None)
    return files | labels


def final_artifacts(wildcards):
    """Everything a finished run leaves: the report, and metrics and contributions of every seed."""
    root = f"results/{config['dataset']}"
    names = [f"seed{seed}/{name}" for seed in config["seeds"] for name in ("metrics.json", "contributions.parquet")]
    return [f"{root}/{name}" for name in ("report", *names)]


def model_weights():
    """Sets of pretrained weights behind a model, whose digests are stored with it."""
    chosen = [config["backbone"]["name"]]
    chosen += [config["poses"]["estimator"]] if needs_poses() else []
    chosen += [config["dual_encoder"]["name"]] if text_families() else []
    return sorted({name for part in chosen for name in WEIGHTS_OF.get(part, [])})


def model_settings():
    """The settings that a stored model keeps: all that turn a video into features and a prediction."""
    return {key: config[key] for key in ("dataset", "families", "data", "poses", "backbone", "dual_encoder")}
