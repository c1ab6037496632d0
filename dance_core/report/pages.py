"""Writing the site: one folder that opens from disk, without a server and without the network."""

import shutil
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from dance_core.report import markup
from dance_core.report.clips import data_page
from dance_core.report.concept_table import concepts_page
from dance_core.report.curves import key_svg
from dance_core.report.evidence import evidence_page
from dance_core.report.explanations import clip_pages, index_page, model_document
from dance_core.report.inputs import ReportInputs, check_inputs
from dance_core.report.language_concepts import language_page
from dance_core.report.media import write_media
from dance_core.report.motion import motion_page
from dance_core.report.overview import overview_page
from dance_core.report.site import Site, media_clips

PAGES = {
    "index": ("Overview", overview_page),
    "evidence": ("Evidence", evidence_page),
    "data": ("Data", data_page),
    "motion": ("Motion concepts", motion_page),
    "language": ("Objects and scenes", language_page),
    "concepts": ("All concepts", concepts_page),
    "clips": ("Explained clips", index_page),
}


def build_report(inputs: ReportInputs, output: Path) -> None:
    """Write the report of one run.

    Args:
        inputs: The run that is shown.
        output: Folder of the site; an older site in it is replaced. Open its index.html.

    Raises:
        ValueError: Tables do not belong together.
    """
    check_inputs(inputs)
    for folder in ("assets", "clips"):
        shutil.rmtree(output / folder, ignore_errors=True)
    assets = output / "assets"
    assets.mkdir(parents=True)
    for file in sorted(resources.files("dance_core.report").joinpath("static").iterdir(), key=lambda file: file.name):
        (assets / file.name).write_bytes(file.read_bytes())
    site = Site(inputs, write_media(inputs, media_clips(inputs), assets))
    (assets / "model.js").write_text(f"dance.model={markup.script_json(model_document(site))};\n", "utf-8")
    templates = environment()
    for name, (title, gather) in PAGES.items():
        _write(templates, f"{name}.html", output / f"{name}.html", title, site, gather(site))
    (output / "clips").mkdir()
    for page in clip_pages(site):
        title = f"Clip {page.variables['clip']['clip_id']}"
        _write(templates, "clip.html", output / "clips" / f"{page.name}.html", title, site, page.variables)


def environment() -> Environment:
    """Give the templates, with escaping of everything that is not marked as safe."""
    templates = Environment(
        loader=PackageLoader("dance_core.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = ("number", "p_value", "percent", "script_json", "signed", "twice")
    templates.filters.update({name: getattr(markup, name) for name in filters})
    templates.globals["chart_key"] = key_svg
    return templates


def _write(
    templates: Environment, template: str, target: Path, title: str, site: Site, variables: dict[str, Any]
) -> None:
    """Fill a template and write the page."""
    shared = {
        "title": title,
        "dataset": site.inputs.dataset,
        "classes": site.class_index,
        "class_options": [(place, name) for name, place in site.class_index.items()],
        "splits": site.splits,
        "chosen_families": site.families,
        "looked_for_people": site.looked_for_people,
        "largest_weight": site.largest_weight,
        "menu": [(f"{name}.html", words) for name, (words, _) in PAGES.items()],
        "here": "clips.html" if template == "clip.html" else template,
        "root": "../" if template == "clip.html" else "",
    }
    templates.get_template(f"{template}.jinja").stream(**shared, **variables).dump(str(target), "utf-8")
