"""One run and one report for all tests of the report."""

from pathlib import Path

import pytest

from dance_core.report import ReportInputs, build_report
from tests.unit.report.fixture import make_inputs


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> ReportInputs:
    """The fixture run."""
    return make_inputs(tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="session")
def site(inputs: ReportInputs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the fixture run."""
    output = tmp_path_factory.mktemp("site") / "report"
    build_report(inputs, output)
    return output
