"""The report: a static site that opens from disk and shows what the model looked at, and why it decided."""

from dance_core.report.inputs import ReportInputs, ReportSettings
from dance_core.report.pages import build_report

__all__ = ["ReportInputs", "ReportSettings", "build_report"]
