"""Settings: described once, filled in, and refused with a sentence when they are wrong."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from snakemake.cli import parse_config
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

ROOT = Path(__file__).parents[2]
SCHEMA = yaml.safe_load((ROOT / "schemas" / "config.schema.yaml").read_text("utf-8"))


def described(schema, place=()):
    """Every setting of the schema as (dotted name, its description)."""
    for name, part in schema.get("properties", {}).items():
        if "properties" in part:
            yield from described(part, (*place, name))
        else:
            yield ".".join((*place, name)), part


def value(settings, name):
    for part in name.split("."):
        settings = settings[part]
    return settings


def test_every_setting_has_a_type_a_description_and_a_default():
    for name, part in described(SCHEMA):
        assert "description" in part, name
        assert "type" in part, name
        assert "default" in part or name in SCHEMA["required"], name


def test_no_level_of_the_schema_lets_unknown_keys_pass():
    def levels(schema):
        yield schema
        for part in schema["properties"].values():
            yield from levels(part) if "properties" in part else ()

    assert all(level["additionalProperties"] is False for level in levels(SCHEMA))


def check(*settings, overlay=None):
    """Check settings as the workflow does, in this process, since snakemake takes seconds to start."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))
    update_config(config, yaml.safe_load(overlay.read_text("utf-8")) if overlay else {})
    update_config(config, parse_config(settings))
    rules = (ROOT / "rules" / "settings.smk").read_text("utf-8")
    workflow = SimpleNamespace(
        basedir=ROOT,
        modifier=SimpleNamespace(skip_validation=False),
        sourcecache=SimpleNamespace(open=lambda file: file.get_path_or_uri(secret_free=False)),
    )
    exec(compile(rules, "settings.smk", "exec"), {"workflow": workflow, "config": config})


DEMO = {"dataset": "demo", "source": "data/demo", "data.extra_splits": ["shift_dev", "shift_test"]}


def test_the_demo_config_shows_every_setting_at_its_default():
    settings = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))
    for name, part in described(SCHEMA):
        assert value(settings, name) == DEMO.get(name, part.get("default")), name


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (["pose_segments={lenght: 16}"], "unknown key 'pose_segments.lenght'; did you mean 'pose_segments.length'?"),
        (["datset=x"], "config: unknown key 'datset'; did you mean 'dataset'?"),
        (["pose_segments={length: 0}"], "'pose_segments.length': 0 is less than the minimum of"),
        (["families=[sound]"], "config: 'families.0': 'sound' is not one of ['motion', 'object', 'scene']"),
        (["seeds=[]"], "config: 'seeds': [] should be non-empty; expected: a list of seeds"),
        (["source=absent"], "config: source 'absent' is not a folder; set source to the folder of clips"),
        (["keyframes={minimum: 0}"], "'keyframes.minimum': 0 is less than the minimum of 1"),
        (["language={base_url: 'http://me:secret@host/v1'}"], "does not match"),
        (["dataset=a/b"], "'a/b' does not match"),
        (["naming={names: absent.csv}"], "config: naming.names 'absent.csv' is not a file; write one with python -m"),
        (
            ["naming={source: endpoint}", "families=[scene]"],
            "config: 'naming.source': there are no poses to draw; set it to none",
        ),
        (["release=absent"], "config: release 'absent' is not a folder; set release to the folder of the release"),
        (["protocols=[authors,honest]"], "config: 'protocols': the report shows the first; put honest before authors"),
        (["protocols=[both]"], "config: 'protocols.0': 'both' is not one of ['honest', 'authors']"),
        (["protocols=[]"], "config: 'protocols': [] should be non-empty; expected: what models are fitted on and sele"),
        (["protocols=[honest,honest]"], "config: 'protocols': ['honest', 'honest'] has non-unique elements"),
        (["ablations={levels: [0]}"], "config: 'ablations.levels.0': 0 is less than the minimum of 1"),
        (["data={extra_tests: {hat: x}}"], "config: 'data.extra_tests': 'hat' does not match '^(mimetics|scuba)"),
        (["ablations={level: [5]}"], "unknown key 'ablations.level'; did you mean 'ablations.levels'?"),
        (["sparse_classifier={solver: sage}"], "'sage' is not one of ['newton', 'saga']; expected: the solver; newton"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_cure(monkeypatch, settings, sentence):
    monkeypatch.chdir(ROOT)
    with pytest.raises(WorkflowError) as error:
        check(*settings)
    assert sentence in str(error.value)


def test_snakemake_shows_the_sentence(workflow):
    run = workflow("--dry-run", "--config", "datset=x")
    assert run.returncode != 0
    assert "config: unknown key 'datset'; did you mean 'dataset'?" in run.stdout


@pytest.mark.parametrize("overlay", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.name)
def test_every_overlay_is_valid(monkeypatch, overlay):
    monkeypatch.chdir(ROOT)
    check("source=data/demo", overlay=overlay)


@pytest.mark.parametrize("overlays", [["folder"], ["ucf101", "gpu", "finetune"], ["penn_action_release"]])
def test_the_jobs_of_overlays_are_planned(workflow, overlays):
    files = [f"configs/{name}.yaml" for name in overlays]
    run = workflow("--dry-run", "--quiet", "--configfile", *files, "--config", "source=data/demo")
    assert run.returncode == 0, run.stdout
