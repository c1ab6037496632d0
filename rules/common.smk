from difflib import get_close_matches
from hashlib import sha256
from modulefinder import ModuleFinder
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

SCHEMA = Path(workflow.basedir) / "schemas" / "config.schema.yaml"
# The sets of pretrained weights behind each model that needs no download from a model hub.
WEIGHTS_OF = {
    "blazepose": ["blazepose"],
    "efficientnet_lite0": ["efficientnet_lite0"],
    "conse": ["efficientnet_lite0", "imagenet_names", "minilm"],
}


def known_keys(schema, prefix=""):
    """Dotted names of every setting that a schema describes."""
    for name, part in schema.get("properties", {}).items():
        yield f"{prefix}{name}"
        yield from known_keys(part, f"{prefix}{name}.")


def unknown_keys(settings, schema, prefix=""):
    """Dotted names of settings that a schema does not describe."""
    for name, value in settings.items():
        if name not in schema["properties"]:
            yield f"{prefix}{name}"
        elif isinstance(value, dict) and "properties" in schema["properties"][name]:
            yield from unknown_keys(
                value, schema["properties"][name], f"{prefix}{name}."
            )


def check_config(settings):
    """Refuse unknown and ill-typed settings with a sentence that names the cure, then fill in the defaults."""
    schema = yaml.safe_load(SCHEMA.read_text("utf-8"))
    for key in unknown_keys(settings, schema):
        near = get_close_matches(key, list(known_keys(schema)), n=1, cutoff=0.0)
        raise WorkflowError(f"config: unknown key '{key}'; did you mean '{near[0]}'?")
    for error in sorted(
        Draft202012Validator(schema).iter_errors(settings),
        key=lambda error: error.json_path,
    ):
        place = ".".join(map(str, error.absolute_path)) or "the file"
        about = error.schema.get("description", "see schemas/config.schema.yaml")
        raise WorkflowError(f"config: '{place}': {error.message}; expected: {about}")
    validate(settings, str(SCHEMA))
    if not Path(settings["source"]).is_dir():
        raise WorkflowError(
            f"config: source '{settings['source']}' is not a folder; set source to the folder of clips"
        )


check_config(config)


def core_digest(stem, *data):
    """Digest of the dance_core modules that a script reaches, and of data files they read.

    Snakemake reruns a job when its script changes, but not when a module that the script imports does.
    """
    base = Path(workflow.basedir)
    finder = ModuleFinder(path=[str(base), str(base / "workflow_scripts")])
    finder.run_script(str(base / "workflow_scripts" / f"{stem}.py"))
    modules = [
        module.__file__
        for name, module in finder.modules.items()
        if name.split(".")[0] in ("dance_core", "_job")
    ]
    files = sorted(
        {Path(file) for file in modules if file}
        | {file for pattern in data for file in base.glob(pattern)}
    )
    return sha256(
        b"".join(file.read_bytes() for file in files if file.is_file())
    ).hexdigest()[:12]


def clips_digest():
    """Digest of the names and sizes of the files in the source folder, so that a new clip is noticed."""
    source = Path(config["source"])
    files = sorted(file for file in source.rglob("*") if file.is_file())
    listing = "\n".join(
        f"{file.relative_to(source)} {file.stat().st_size}" for file in files
    )
    return sha256(listing.encode()).hexdigest()[:12]


def weights_of(section, key):
    """Folders of pretrained weights that the chosen model of a config section needs."""
    return [f"weights/{name}" for name in WEIGHTS_OF.get(config[section][key], [])]


def text_families():
    """The chosen families whose concepts are words."""
    return [family for family in ("object", "scene") if family in config["families"]]


def with_poses(path):
    """The gathered pose shards, where the features need to know where the person is."""
    return path if config["backbone"]["name"] == "efficientnet_lite0" else []


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
        return [
            f"{config['language']['folder']}/{wildcards.dataset}.{wildcards.family}.json"
        ]
    return [config["language"]["file"]] if source == "file" else []


def concept_targets(wildcards):
    """Labels that the concept layer learns from: motion labels and pseudo-labels of the chosen families."""
    root = f"results/{wildcards.dataset}"
    targets = {
        family: f"{root}/pseudo_labels/{family}.parquet" for family in text_families()
    }
    if "motion" in config["families"]:
        targets["motion"] = f"{root}/motion_concepts/labels.parquet"
        targets["motion_names"] = f"{root}/motion_concepts/concepts.parquet"
    return targets


def final_artifacts(wildcards):
    """Everything a finished run leaves: the report, and metrics of every seed."""
    root = f"results/{config['dataset']}"
    return [
        f"{root}/report/index.html",
        *(f"{root}/seed{seed}/metrics.json" for seed in config["seeds"]),
    ]


def model_settings():
    """The settings that a stored model keeps: all that turn a video into features and a prediction."""
    return {
        key: config[key]
        for key in ("dataset", "families", "data", "poses", "backbone", "dual_encoder")
    }
