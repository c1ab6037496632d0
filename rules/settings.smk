from difflib import get_close_matches
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

SCHEMA = Path(workflow.basedir) / "schemas" / "config.schema.yaml"


def typed(settings, schema):
    """Read what `--config section={key: value}` leaves as text, wherever the schema knows no text."""
    for name, value in settings.items():
        part = schema["properties"].get(name, {})
        if isinstance(value, dict) and "properties" in part:
            typed(value, part)
        elif isinstance(value, list) and part.get("items", {}).get("type") != "string":
            settings[name] = [yaml.safe_load(item) if isinstance(item, str) else item for item in value]
        elif isinstance(value, str) and part.get("type") != "string":
            settings[name] = yaml.safe_load(value)


def unknown_keys(settings, schema, prefix=""):
    """Settings that a schema does not describe, as dotted names, each with the nearest one that it does."""
    known = schema["properties"]
    for name, value in settings.items():
        if name not in known:
            yield f"{prefix}{name}", prefix + get_close_matches(name, known, n=1, cutoff=0.0)[0]
        elif isinstance(value, dict) and "properties" in known[name]:
            yield from unknown_keys(value, known[name], f"{prefix}{name}.")


def check_finetuning(settings):
    """Refuse what cannot be fine-tuned, and make the finished network the backbone's model."""
    backbone, folder = settings["backbone"], f"results/{settings['dataset']}/finetuned"
    if settings["release"]:
        raise WorkflowError("config: 'finetuning.enabled': a release has no clips to learn from; set it to false")
    if backbone["name"] not in ("videomae", "transformers_video"):
        raise WorkflowError(
            f"config: 'finetuning.enabled': backbone '{backbone['name']}' cannot be fine-tuned; "
            "set backbone.name: videomae or transformers_video"
        )
    if backbone["model"] not in ("", folder):
        raise WorkflowError(
            f"config: backbone.model '{backbone['model']}' would take the place of the fine-tuned network; "
            "name it in finetuning.model and leave backbone.model empty"
        )
    backbone["model"] = folder


def check_config(settings):
    """Refuse unknown and ill-typed settings with a sentence that names the cure, then fill in the defaults."""
    schema = yaml.safe_load(SCHEMA.read_text("utf-8"))
    for key, near in unknown_keys(settings, schema):
        raise WorkflowError(f"config: unknown key '{key}'; did you mean '{near}'?")
    typed(settings, schema)
    for error in sorted(Draft202012Validator(schema).iter_errors(settings), key=lambda error: error.json_path):
        place = ".".join(map(str, error.absolute_path)) or "the file"
        about = error.schema.get("description", "see schemas/config.schema.yaml")
        raise WorkflowError(f"config: '{place}': {error.message}; expected: {about}")
    validate(settings, str(SCHEMA))
    if settings["protocols"][0] != "honest" and len(settings["protocols"]) > 1:
        raise WorkflowError("config: 'protocols': the report shows the first; put honest before authors")
    names = settings["naming"]["names"]
    if names and not Path(names).is_file():
        raise WorkflowError(
            f"config: naming.names '{names}' is not a file; write one with python -m dance_core names RESULTS --out FILE"
        )
    drawn = "motion" in settings["families"] and bool(settings["poses"]["folder"] or not settings["release"])
    if settings["naming"]["source"] != "none" and not drawn:
        raise WorkflowError("config: 'naming.source': there are no poses to draw; set it to none")
    if settings["finetuning"]["enabled"]:
        check_finetuning(settings)
    if settings["release"] and not Path(settings["release"]).is_dir():
        raise WorkflowError(
            f"config: release '{settings['release']}' is not a folder; set release to the folder of the release"
        )
    if not settings["release"] and not Path(settings["source"]).is_dir():
        raise WorkflowError(f"config: source '{settings['source']}' is not a folder; set source to the folder of clips")


check_config(config)
