import os
from hashlib import sha256
from modulefinder import ModuleFinder
from pathlib import Path

import yaml

# The sets of pretrained weights behind each model that needs no download from a model hub.
WEIGHTS_OF = {
    "blazepose": ["blazepose"],
    "efficientnet": ["efficientnet_lite0"],
    "conse": ["efficientnet_lite0", "imagenet_names", "minilm"],
}
# Encoders that are fetched from a model hub by a name of this registry.
ENCODERS = yaml.safe_load((Path(workflow.basedir) / "dance_core/networks/encoders.yaml").read_text("utf-8"))
# What rule finetune leaves, and the backbone reads.
FINETUNED = ("config.json", "model.safetensors", "preprocessor_config.json")
CLIP_SUFFIXES = {".avi", ".jpeg", ".jpg", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".png", ".webm"}
LIST_SUFFIXES = {".csv", ".json", ".mat", ".txt"}


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


def clips_digest(wildcards):
    """Digest of manifest.csv and of the clips' and pictures' names, sizes and times, so that a change is noticed."""
    source = Path(config["source"])
    if config["data"]["reader"] != "folder":
        return data_set_digest(source)
    tables = [file.read_bytes() for file in (source / "manifest.csv",) if file.is_file()]
    files = (Path(folder, name) for folder, _, names in os.walk(source, followlinks=True) for name in names)
    clips = sorted(file for file in files if file.suffix.lower() in CLIP_SUFFIXES and file.is_file())
    lines = [os.fsencode(f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}\n") for file in clips]
    return sha256(b"".join(tables + lines)).hexdigest()[:12]


def data_set_digest(source):
    """Digest of the times of a data set's lists and folders, which tell of clips that come or go."""
    data = config["data"]
    roots = [source, *filter(None, [data["annotations"]]), *data["extra_tests"].values()]
    walks = sorted((folder, files) for root in roots for folder, _, files in os.walk(root, followlinks=True))
    lists = [Path(folder, file) for folder, files in walks for file in files if Path(file).suffix in LIST_SUFFIXES]
    lists += [Path(data["classes"])] if data["classes"] else []
    places = [Path(folder) for folder, _ in walks] + sorted(file for file in lists if file.is_file())
    return sha256(b"".join(os.fsencode(f"{place} {place.stat().st_mtime_ns}\n") for place in places)).hexdigest()[:12]


def own_files(section, *keys):
    """The files of models or poses that a config section names, so that a new version of them is noticed."""
    if section == "backbone" and config["finetuning"]["enabled"]:
        return [f"{config['backbone']['model']}/{name}" for name in FINETUNED]
    paths = [Path(config[section][key]) for key in keys if config[section][key]]
    folders = [file for path in paths if path.is_dir() for file in sorted(path.rglob("*")) if file.is_file()]
    return [str(path) for path in paths if path.is_file()] + [str(file) for file in folders]


def stages():
    """The rule files of this run; what a release brings needs no rule that makes it."""
    motion = ["motion"] if needs_poses() else []
    if config["release"]:
        return ["release", *motion]
    finetuning = ["finetuning"] if config["finetuning"]["enabled"] else []
    return ["data", "download", *motion, *finetuning, "features", "concepts"]


def release_files():
    """The files of a release that are imported, so that a change of one is noticed."""
    patterns = ("*.txt", "*.csv", "features/*.pt", "concepts/*", "motion_labels/*.json")
    return [str(file) for pattern in patterns for file in sorted(Path(config["release"]).glob(pattern))]


def seed_of(wildcards):
    """The seed of a run such as seed0 or authors/seed0."""
    return int(wildcards.run.rpartition("seed")[2])


def protocol_of(wildcards):
    """The protocol that a path belongs to: which splits models are fitted on and selected by; else the first."""
    folder = wildcards.get("run", wildcards.get("protocol"))
    if folder is None:
        return config["protocols"][0]
    return "authors" if folder.startswith("authors/") else "honest"


def runs():
    """The folders of all runs: every seed under every protocol, the one that the report shows first."""
    folders = {"honest": "", "authors": "authors/"}
    return [f"{folders[protocol]}seed{seed}" for protocol in config["protocols"] for seed in config["seeds"]]


def weights_of(section, key):
    """Folders of pretrained weights that the chosen model of a config section needs."""
    registered = [config[section]["model"]] if config[section]["model"] in ENCODERS else []
    return [f"weights/{name}" for name in WEIGHTS_OF.get(config[section][key], []) + registered]


def text_families():
    """The chosen families whose concepts are words."""
    return [family for family in ("object", "scene") if family in config["families"]]


def needs_poses():
    """Whether poses are estimated: for motion concepts, or for features of person crops; a release brings both."""
    if config["release"]:
        return bool("motion" in config["families"] and config["poses"]["folder"])
    return "motion" in config["families"] or config["backbone"]["name"] == "efficientnet"


def with_poses(path):
    """The pose shard, where the features need to know where the person is."""
    return path if config["backbone"]["name"] == "efficientnet" else []


def model_weights():
    """Sets of pretrained weights behind a model, whose digests are stored with it."""
    chosen = [config["backbone"]["name"]]
    chosen += [config["poses"]["estimator"]] if needs_poses() else []
    chosen += [config["dual_encoder"]["name"]] if text_families() else []
    return sorted({name for part in chosen for name in WEIGHTS_OF.get(part, [])})


def encoder_sections():
    """The config sections whose encoder a model needs; features of a release were made elsewhere."""
    if config["release"]:
        return []
    return ["backbone", *(["dual_encoder"] if text_families() else [])]


def model_settings():
    """The settings that a stored model keeps: all that turn a video into features and a prediction."""
    kept = {key: config[key] for key in ("dataset", "families", "poses", "backbone", "dual_encoder")}
    # What a fine-tuned network started from binds its licence.
    taught = {"finetuning": {"model": config["finetuning"]["model"]}} if config["finetuning"]["enabled"] else {}
    return kept | taught | {"data": {"decoder": config["data"]["decoder"]}}
