"""The per-rule environments: pinned like the project, and complete for what each rule imports."""

import re
import sys
from modulefinder import ModuleFinder
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PACKAGE_OF = {
    "PIL": "pillow",
    "ai_edge_litert": "ai-edge-litert",
    "cv2": "opencv-python-headless",
    "efficientnet_lite_pytorch": "efficientnet-lite-pytorch",
    "finch": "finch-clust",
    "markupsafe": "jinja2",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
# Asked for only when a setting chooses them, and then by a sentence that says how to get them.
OPTIONAL = {"accelerate", "anny", "numba", "ultralytics", "lap", "mpl_toolkits", "openvino", "rtmlib"}
# Imported inside functions that these rules never call.
UNUSED = {
    "concept_set": {"openai"},
    "download": {"openai"},
    "import_release": {"ai-edge-litert", "onnxruntime"},
    "listing": {"openai"},
    "pose_segments": {"ai-edge-litert", "onnxruntime"},
    "report": {"ai-edge-litert", "onnxruntime"},
    "suggest_names": {"ai-edge-litert", "onnxruntime"},
}
RULES = re.findall(
    r'^rule (\w+):.*?"\.\./envs/(\w+)\.yaml"',
    "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "rules").glob("*.smk"))),
    re.MULTILINE | re.DOTALL,
)


def entries(environment: str) -> list[Requirement]:
    document = yaml.safe_load((ROOT / "envs" / f"{environment}.yaml").read_text("utf-8"))
    found = []
    for entry in document["dependencies"]:
        found += entry["pip"] if isinstance(entry, dict) else [re.sub(r"^(\S+) =(\d\S*)$", r"\1==\2", entry)]
    names = {"pytorch": "torch"}
    requirements = [Requirement(entry) for entry in found if not entry.startswith(("python ", "pip"))]
    for requirement in requirements:
        requirement.name = names.get(requirement.name, requirement.name)
    return requirements


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    pins = [line.split(";")[0].strip().split("==") for line in lines if "==" in line]
    return {canonicalize_name(name): version for name, version in pins}


@pytest.mark.parametrize("environment", sorted({environment for _, environment in RULES}))
def test_environments_pin_what_the_lock_pins(environment):
    pins = locked()
    for requirement in entries(environment):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement


def third_party(rule: str) -> set[str]:
    """Top-level modules outside the project and the standard library that a rule's script reaches."""
    finder = ModuleFinder(path=[str(ROOT), str(ROOT / "workflow_scripts")])
    finder.run_script(str(ROOT / "workflow_scripts" / f"{rule}.py"))
    names = {name.split(".")[0] for name in finder.badmodules}
    return {name for name in names if name not in sys.stdlib_module_names and name not in ("dance_core", "_job")}


@pytest.mark.parametrize(("rule", "environment"), RULES)
def test_environments_hold_what_their_rules_import(rule, environment):
    held = {canonicalize_name(requirement.name) for requirement in entries(environment)}
    wanted = {canonicalize_name(PACKAGE_OF.get(name, name)) for name in third_party(rule) - OPTIONAL}
    assert wanted - UNUSED.get(rule, set()) <= held
