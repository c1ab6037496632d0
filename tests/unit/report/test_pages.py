"""The site as files: complete, safe, deterministic and without the network."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dance_core.concept_targets import FAMILIES
from dance_core.explain import contributions
from dance_core.feature_store import FeatureStore
from dance_core.report import ReportInputs, build_report
from dance_core.report.clip_table import ClipTable
from dance_core.report.explanations import seen_without_weight
from dance_core.report.inputs import ReportSettings
from dance_core.report.markup import safe_name
from dance_core.report.overview import quality_rows
from dance_core.report.site import Site
from tests.unit.report.fixture import UNSAFE, features_of, stored, whole

FEW = ReportSettings(media_limit=0, page_limit=1, thumbnails=0)
VOID = {"meta", "link", "input", "img", "br"}


class Page(HTMLParser):
    """Reads a page: its tags with attributes, its text, whether every element is closed, and its embedded data."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.data: dict[str, object] = {}
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        _, attributes = self.tags[-1] if self.tags else ("", {})
        if self.open[-1:] == ["script"] and attributes.get("type") == "application/json":
            self.data[attributes["id"]] = json.loads(data)
        elif self.open[-1:] != ["script"]:
            self.text.append(data)


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def test_every_explained_clip_has_a_page_and_every_usable_clip_its_media(site: Path, inputs: ReportInputs) -> None:
    explained = inputs.manifest[inputs.manifest["split"].isin(["test", "shift_test"])]["clip_id"]
    assert sorted(path.stem for path in (site / "clips").glob("*.html")) == sorted(map(safe_name, explained))
    usable = inputs.manifest[inputs.manifest["status"] != "unreadable"]["clip_id"]
    for folder, ending in (("videos", "mp4"), ("posters", "webp")):
        found = {path.name for path in (site / "assets" / folder).iterdir()}
        assert found == {f"{safe_name(clip)}.{ending}" for clip in usable}


def test_pages_are_well_formed_and_elements_have_unique_ids(site: Path) -> None:
    for path in pages(site):
        page = Page(path)
        ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        assert page.open == []
        assert len(ids) == len(set(ids))


def test_every_address_is_a_file_of_the_site(site: Path) -> None:
    for path in pages(site):
        anchors = {}
        for _, attributes in Page(path).tags:
            for key in ("href", "src", "poster", "data-src"):
                address = attributes.get(key)
                if not address or address == "data:,":
                    continue
                file, _, anchor = address.partition("#")
                target = (path.parent / file).resolve() if file else path
                assert target.is_file(), address
                assert target.is_relative_to(site.resolve())
                if anchor and anchor != "main" and target.name != "data.html":
                    anchors.setdefault(target, set()).add(anchor)
        for target, wanted in anchors.items():
            assert wanted <= {attributes.get("id") for _, attributes in Page(target).tags}


def test_nothing_names_the_network(site: Path) -> None:
    allowed = {"http://www.w3.org/2000/svg"}
    for path in [*pages(site), *(site / "assets").glob("*.*")]:
        assert set(re.findall(r"https?://[^\"'\s)]+", path.read_text("utf-8"))) <= allowed


def test_labels_stay_text_wherever_they_are_shown(site: Path) -> None:
    for path in pages(site):
        page = Page(path)
        assert not any("onerror" in attributes or attributes.get("src") == "x" for _, attributes in page.tags)
        assert "alert(1)" not in re.sub(r"[^<]*", "", path.read_text("utf-8"))
    assert UNSAFE in "".join(Page(site / "index.html").text)
    assert Page(site / "clips" / "boxing_03.html").data["clip"]["contributions"]


def test_scripts_with_data_hold_no_closing_tag(site: Path) -> None:
    for path in [site / "assets" / "model.js", *(site / "assets" / "skeletons").glob("*.js")]:
        assert "<" not in path.read_text("utf-8")


def test_the_embedded_numbers_give_the_logits_and_probabilities(site: Path, inputs: ReportInputs) -> None:
    text = (site / "assets" / "model.js").read_text("utf-8")
    model = json.loads(text.removeprefix("dance.model=").removesuffix(";\n"))
    weights, bias = np.array(model["weights"]), np.array(model["bias"])
    assert weights.shape == (3, 10)
    for row in whole(inputs.predictions).query("method == 'dance' and split == 'test'").to_dict("records"):
        document = Page(site / "clips" / f"{safe_name(row['clip_id'])}.html").data["clip"]
        logits = weights @ np.array(document["z"]) + bias
        np.testing.assert_allclose(logits, document["logits"], atol=1e-5)
        np.testing.assert_allclose(np.exp(logits) / np.exp(logits).sum(), row["probabilities"], atol=1e-6)
        for name, pairs in document["contributions"].items():
            k = model["classes"].index(name)
            assert sum(value for _, value in pairs) + bias[k] == pytest.approx(document["logits"][k], abs=1e-5)


def test_the_same_inputs_give_the_same_bytes(site: Path, inputs: ReportInputs, tmp_path: Path) -> None:
    build_report(inputs, tmp_path / "again")
    first = {path.relative_to(site): path.read_bytes() for path in site.rglob("*") if path.is_file()}
    second = {path.relative_to(tmp_path / "again"): path.read_bytes() for path in (tmp_path / "again").rglob("*.*")}
    assert first == {path: content for path, content in second.items() if path in first}
    assert first.keys() <= second.keys()


def test_what_lay_in_the_folder_before_is_gone(inputs: ReportInputs, tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "old.html").write_text("old")
    build_report(replace(inputs, settings=FEW), tmp_path)
    assert len(list((tmp_path / "clips").iterdir())) == 1


def test_limits_keep_what_the_pages_need(inputs: ReportInputs, tmp_path: Path) -> None:
    build_report(replace(inputs, settings=ReportSettings(media_limit=0, page_limit=2, thumbnails=1)), tmp_path / "site")
    written = {path.stem for path in (tmp_path / "site" / "assets" / "videos").iterdir()}
    assert {safe_name(clip) for clip in inputs.motion_concepts["clip_id"]} <= written
    assert "boxing_02" not in written
    assert "These are 2 of 5 test clips" in (tmp_path / "site" / "clips.html").read_text("utf-8")
    assert "its video is not part of this report" in (tmp_path / "site" / "data.html").read_text("utf-8")


def test_a_run_without_motion_or_language_still_has_a_report(inputs: ReportInputs, tmp_path: Path) -> None:
    empty = {name: getattr(inputs, name).iloc[:0] for name in ("pose_quality", "motion_concepts")}
    empty |= {"poses": ClipTable(), "segments": ClipTable()}
    bare = replace(inputs, **empty, partitions=inputs.partitions.iloc[:0], scores={}, score_concepts={}, settings=FEW)
    build_report(bare, tmp_path / "site")
    assert "This run has no motion concepts." in (tmp_path / "site" / "motion.html").read_text("utf-8")
    assert "This run has no object or scene concepts." in (tmp_path / "site" / "language.html").read_text("utf-8")


def without(inputs: ReportInputs, family: str) -> ReportInputs:
    """The run as if one family had not been chosen."""
    keys = ("nec_by_family", "concepts", "reliance", "by_family")
    metrics = dict(inputs.metrics) | {key: {**inputs.metrics[key], family: None} for key in keys}
    by_class = inputs.metrics["reliance_by_class"].items()
    metrics["reliance_by_class"] = {name: {**shares, family: None} for name, shares in by_class}
    shift = {
        split: {"change_by_family": {**record["change_by_family"], family: None}}
        for split, record in inputs.metrics["shift"].items()
    }
    kept = [place for place, name in enumerate(inputs.model.families) if name != family]
    model = replace(
        inputs.model,
        concept_weight=inputs.model.concept_weight[kept],
        z_mean=inputs.model.z_mean[kept],
        z_std=inputs.model.z_std[kept],
        weight=inputs.model.weight[:, kept],
        concepts=tuple(inputs.model.concepts[place] for place in kept),
    )
    shown = whole(inputs.contributions).query("concept in @kept")
    shown = shown.assign(concept=shown["concept"].map({column: place for place, column in enumerate(kept)}))
    changes = {"metrics": metrics | {"shift": shift}, "contributions": stored(inputs.source, shown)}
    concepts = inputs.concepts[inputs.concepts["family"] != family]
    return replace(inputs, **changes, model=model, concepts=concepts, settings=FEW)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_that_was_not_chosen_is_not_on_the_overview(inputs: ReportInputs, tmp_path: Path, family: str) -> None:
    build_report(without(inputs, family), tmp_path / "site")
    page = Page(tmp_path / "site" / "index.html")
    rest = [name for name in FAMILIES if name != family]
    words = [text.strip() for text in page.text]
    config = next(place for place, text in enumerate(words) if text == "What was run")
    assert [name for name in FAMILIES if name in words[:config]] == rest
    assert f"mark {family}" not in {attributes.get("class") for _, attributes in page.tags}
    assert "exact sum of two kinds of concept" in "".join(page.text)
    (model,) = re.findall(r'"families":(\[.*?\])', (tmp_path / "site" / "assets" / "model.js").read_text("utf-8"))
    assert json.loads(model) == rest


def test_nothing_is_said_about_people_where_nobody_looked(inputs: ReportInputs, tmp_path: Path) -> None:
    complete = inputs.manifest.assign(status="ok", reason="")
    readable = complete["clip_id"] != "übung_3"
    empty = {"poses": ClipTable(), "pose_quality": inputs.pose_quality.iloc[:0]}
    blind = replace(inputs, **empty, manifest=inputs.manifest.assign(reason=""), settings=FEW)
    build_report(blind, tmp_path / "site")
    for path in pages(tmp_path / "site"):
        text = "".join(Page(path).text).lower()
        assert "no person" not in text and "a person" not in text, path.name
    quality = quality_rows(Site(replace(blind, manifest=complete[readable]), {}))
    counts = [("ok", 11), ("truncated", 0), ("unreadable", 0)]
    assert quality == {"counts": counts, "troubles": [], "n_troubles": 0, "read": 11, "without_video": 0}


def test_of_many_clips_and_troubles_the_first_are_listed_and_all_are_counted(
    inputs: ReportInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dance_core.report.overview.MOST_TROUBLES", 1)
    monkeypatch.setattr("dance_core.report.clips.MOST_LISTED", 10)
    build_report(replace(inputs, settings=FEW), tmp_path / "site")
    quality = quality_rows(Site(inputs, {}))
    assert len(quality["troubles"]) == 1 < quality["n_troubles"]
    text = " ".join(Page(tmp_path / "site" / "index.html").text)
    assert f"{quality['n_troubles']} clips with a reason" in text and "The first 1 are shown" in text
    page = Page(tmp_path / "site" / "data.html")
    assert (
        f"{len(inputs.manifest)} clips of 3 classes. 10 of them are listed here, those with a video first."
        in "".join(page.text)
    )
    items = [attributes for _, attributes in page.tags if "data-item" in attributes]
    assert len(items) == 10 < len(inputs.manifest)


def test_active_concepts_without_weight_are_listed_most_active_first(inputs: ReportInputs) -> None:
    weight = inputs.model.weight.copy()
    weight[1, [4, 5, 6, 8, 9]] = 0
    weight[1, [7, 10]] = 1
    z = np.array([9, 9, 9, 9, 0.5, -2, 2.5, 8, -0.1, 0.25, 8])
    site = Site(replace(inputs, model=replace(inputs.model, weight=weight)), {})
    seen = seen_without_weight(site, UNSAFE, z)
    assert [(row["name"], row["z"]) for row in seen] == [
        ("a ball", 2.5),
        ("boxing gloves", 0.5),
        ("a wide field", 0.25),
    ]
    assert [row["name"] for row in seen_without_weight(site, UNSAFE, z, count=1)] == ["a ball", "a wide field"]


def test_a_clip_page_folds_away_what_was_seen_without_weight(inputs: ReportInputs, tmp_path: Path) -> None:
    silent = replace(inputs.model, weight=inputs.model.weight * (inputs.model.families == "motion"))
    few = replace(FEW, page_limit=5)
    sums = stored(inputs.source, pd.concat(contributions(silent, inputs.features, inputs.manifest)))
    build_report(replace(inputs, model=silent, contributions=sums, settings=few), tmp_path / "site")
    for clip_id in inputs.manifest.loc[inputs.manifest["split"].isin(["test", "shift_test"]), "clip_id"]:
        path = tmp_path / "site" / "clips" / f"{safe_name(clip_id)}.html"
        z = silent.concept_activations(inputs.features.matrix([clip_id]))[0]
        active = [c for c, value in zip(silent.concepts, z, strict=True) if c.family != "motion" and value > 0]
        links = [attributes["href"] for tag, attributes in Page(path).tags if tag == "a"]
        assert sorted(link for link in links if "#object-" in link or "#scene-" in link) == sorted(
            f"../language.html#{concept.family}-{concept.id}" for concept in active
        )
        assert (("details", {"id": "seen"}) in Page(path).tags) == bool(active)


def test_motion_cards_name_and_link_the_clip_of_their_middle_segment(site: Path, inputs: ReportInputs) -> None:
    page = Page(site / "motion.html")
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    for clip_id in inputs.motion_concepts["clip_id"]:
        assert f"data.html#{safe_name(clip_id)}" in links
        assert clip_id in page.text


def test_unreadable_and_person_free_clips_are_listed_with_their_reason(site: Path) -> None:
    for name in ("index.html", "data.html"):
        text = "".join(Page(site / name).text)
        assert "the file is empty" in text
        assert "no person" in text


def test_dropped_concepts_are_listed_with_stage_and_reason(site: Path) -> None:
    words = [text.strip() for text in Page(site / "language.html").text if text.strip()]
    place = words.index("person boxing")
    assert words[place : place + 4] == ["person boxing", "boxing", "text", "names the class 'boxing'"]


def test_a_clip_that_the_manifest_does_not_have_is_refused(inputs: ReportInputs, tmp_path: Path) -> None:
    for name in ("poses", "segments", "predictions", "contributions"):
        rows = whole(getattr(inputs, name))
        strange = stored(inputs.source, pd.concat([rows, rows.iloc[:1].assign(clip_id="zz")]))
        with pytest.raises(
            ValueError, match=rf"{name}: clip 'zz' is not in the manifest \(1 strange\); rebuild {name}"
        ):
            build_report(replace(inputs, **{name: strange}), tmp_path)
    quality = inputs.pose_quality.assign(clip_id="zz")
    with pytest.raises(ValueError, match=r"pose_quality: clip 'zz' is not in the manifest \(1 strange\); rebuild"):
        build_report(replace(inputs, pose_quality=quality), tmp_path)
    features = FeatureStore([pd.DataFrame({"clip_id": ["zz"], "features": [np.zeros(11)]})])
    with pytest.raises(ValueError, match=r"features: clip 'zz' is not in the manifest \(1 strange\); rebuild"):
        build_report(replace(inputs, features=features), tmp_path)


def test_a_prediction_without_features_is_refused(inputs: ReportInputs, tmp_path: Path) -> None:
    fewer = features_of(inputs.features, [clip_id for clip_id in inputs.features.clip_ids if clip_id != "boxing_03"])
    with pytest.raises(ValueError, match=r"features have no row for clip 'boxing_03' \(1 absent\); rebuild backbone_"):
        build_report(replace(inputs, features=fewer), tmp_path)


def test_a_class_that_the_model_does_not_know_is_refused(inputs: ReportInputs, tmp_path: Path) -> None:
    strange = stored(inputs.source, whole(inputs.predictions).assign(predicted="flying"))
    with pytest.raises(ValueError, match="predictions: class 'flying' is unknown; the model has boxing, "):
        build_report(replace(inputs, predictions=strange), tmp_path)


def test_a_medoid_without_segment_is_refused(inputs: ReportInputs, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="medoid 'x:0-1' is not in pose_segments; rebuild motion_concepts"):
        build_report(replace(inputs, motion_concepts=inputs.motion_concepts.assign(medoid="x:0-1")), tmp_path)


def test_contributions_of_another_model_are_refused(inputs: ReportInputs, tmp_path: Path) -> None:
    other = replace(inputs.model, weight=inputs.model.weight * (inputs.model.families != "scene"))
    with pytest.raises(ValueError, match=r"contributions: concept 8 has no weight in the model \(3 strange\); rebuild"):
        build_report(replace(inputs, model=other), tmp_path)
