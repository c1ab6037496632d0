"""The shape of the project: one stage, one rule, one script; thin scripts, small modules, arrows one way."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "dance_core").rglob("*.py"))
SCRIPTS = sorted(path for path in (ROOT / "workflow_scripts").glob("*.py") if not path.name.startswith("_"))
RULES = {
    name: body
    for path in sorted((ROOT / "rules").glob("*.smk"))
    for name, body in re.findall(r"^rule (\w+):\n(.*?)(?=^rule |\Z)", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
}
DIRECTIVES = ("output", "log", "benchmark", "conda", "threads", "resources", "params", "message", "script")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_and_functions_are_small(path):
    source = path.read_text("utf-8")
    assert len(source.splitlines()) <= 300
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            start = node.body[1].lineno if ast.get_docstring(node) and len(node.body) > 1 else node.lineno
            assert node.end_lineno - start < 40, node.name


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_the_library_never_knows_the_workflow(path):
    imports = [
        node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    names = {alias.name for node in imports for alias in node.names} | {
        getattr(node, "module", None) for node in imports
    }
    assert not {name for name in names if name and name.split(".")[0] == "snakemake"}


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_what_a_script_calls_has_unit_tests(path):
    tests = "".join(file.read_text("utf-8") for file in (ROOT / "tests" / "unit").rglob("*.py"))
    called = re.findall(r"^from (dance_core\.\w+)", path.read_text("utf-8"), re.MULTILINE)
    assert called
    assert [name for name in called if not re.search(rf"from {re.escape(name)}[. ]", tests)] == []


@pytest.mark.parametrize("stem", ["ablations", "comparison", "explain", "evaluate", "report", "sparse_classifier"])
def test_a_stage_that_runs_no_network_does_not_load_one(stem):
    # These stages run once a seed and take a second; loading torch would double that.
    imports = re.findall(r"^from dance_core.*", (ROOT / "workflow_scripts" / f"{stem}.py").read_text(), re.MULTILINE)
    code = "\n".join(["import sys", *imports, "sys.exit('torch' in sys.modules)"])
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_the_library_asserts_nothing():
    for path in MODULES:
        tree = ast.parse(path.read_text("utf-8"))
        assert not [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)], name_of(path)


def test_every_rule_has_its_script_and_every_script_its_rule():
    assert sorted(RULES) == sorted(path.stem for path in SCRIPTS)


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_scripts_are_thin(path):
    assert len(path.read_text("utf-8").splitlines()) <= 25


@pytest.mark.parametrize("rule", sorted(RULES))
def test_rules_are_complete(rule):
    for directive in DIRECTIVES:
        assert re.search(rf"^    {directive}:", RULES[rule], re.MULTILINE), directive
    assert f'core_digest("{rule}"' in RULES[rule]
    assert "lambda" not in RULES[rule]


def test_common_rules_stay_short():
    assert len((ROOT / "rules" / "common.smk").read_text("utf-8").splitlines()) <= 150
    assert len((ROOT / "Snakefile").read_text("utf-8").splitlines()) <= 40


def test_no_tracked_file_is_large():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    assert not [name_of(file) for file in files if file.is_file() and file.stat().st_size > 1_000_000]
