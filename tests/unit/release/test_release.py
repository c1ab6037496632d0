import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.io import savemat

from dance_core.__main__ import main
from dance_core.manifest import MANIFEST_SCHEMA
from dance_core.model import Model
from dance_core.release import ReleaseFolder, release_artifacts, released_model
from dance_core.tables import matrix, rows_of
from tests.unit.release.small_release import MOTIONS, OBJECTS, SCENES, TEST, TRAIN, save, write_release

PENN = Path(__file__).parents[4] / "shared" / "reference" / "penn_action"
FRACTIONS = (0.5, 0.25, 0.25)


@pytest.fixture
def written(tmp_path):
    return tmp_path / "release", write_release(tmp_path / "release")


def imported(folder):
    return release_artifacts(ReleaseFolder(folder), 0, FRACTIONS)


def test_the_manifest_has_every_clip_with_the_authors_val_as_test_and_a_val_out_of_train(written):
    manifest = imported(written[0]).manifest
    assert list(manifest.columns) == MANIFEST_SCHEMA.names
    assert list(manifest["clip_id"]) == sorted(clip for clip, _ in [*TRAIN, *TEST])
    assert set(manifest.loc[manifest["split"] == "test", "clip_id"]) == {clip for clip, _ in TEST}
    assert manifest.groupby("split")["label"].nunique().to_dict() == {"test": 2, "train": 2, "val": 2}
    assert set(manifest["status"]) == {"without video"}
    assert manifest.set_index("clip_id")["label"]["0003"] == "squat"


def test_features_are_joined_by_clip_id(written):
    folder, arrays = written
    found = imported(folder)
    for table, encoder in ((found.backbone_features, "vmae_b"), (found.clip_features, "internvid")):
        for split, clips in (("train", TRAIN), ("val", TEST)):
            rows = matrix(rows_of(table, [clip for clip, _ in clips], "features")["features"])
            np.testing.assert_array_equal(rows, arrays[f"{split}_{encoder}"])


def test_concepts_keep_their_names_and_text_features(written):
    folder, arrays = written
    found = imported(folder)
    assert list(zip(found.concept_set["family"], found.concept_set["concept"], strict=True)) == [
        *(("object", name) for name in OBJECTS),
        *(("scene", name) for name in SCENES),
    ]
    expected = np.vstack([arrays["object"], arrays["scene"]])
    np.testing.assert_array_equal(matrix(found.concept_features["features"]), expected)


def test_a_row_of_minus_one_is_unlabelled_and_never_a_negative(written):
    labels = imported(written[0]).motion_labels.set_index("clip_id")
    assert not labels["labelled"]["0004"]
    assert labels["labelled"].drop("0004").all()
    assert labels["concepts"]["0003"].tolist() == [True, True, False]


def test_motion_concepts_are_described_by_the_train_clips_that_show_them(written):
    found = imported(written[0])
    manifest = found.manifest.set_index("clip_id")
    train = manifest[manifest["split"] == "train"].index.drop("0004", errors="ignore")
    squats = int((manifest["label"][train] == "squat").sum())
    second = found.motion_concepts.iloc[1]
    assert (second["name"], second["size"], second["purity"]) == ("squat 1", squats, 1.0)
    assert json.loads(second["class_counts"]) == {"squat": squats}
    first = found.motion_concepts.iloc[0]
    assert first["size"] == len(train)
    assert first["purity"] == pytest.approx(max(squats, len(train) - squats) / len(train))


@pytest.mark.parametrize(("value", "reason"), [(0, "all zero"), (np.nan, "not finite")])
def test_a_clip_without_usable_features_stays_with_a_reason(written, value, reason):
    folder, arrays = written
    arrays["train_vmae_b"][2] = value
    save(folder / "features/tiny_train_vmae_b.pt", arrays["train_vmae_b"])
    found = imported(folder)
    row = found.manifest.set_index("clip_id").loc["0002"]
    assert (row["status"], row["reason"]) == ("unreadable", f"its backbone features are {reason}")
    for table in (found.backbone_features, found.clip_features, found.motion_labels):
        assert "0002" not in set(table["clip_id"])
        assert len(table) == len(TRAIN) + len(TEST) - 1


def write_pose_files(folder, n_frames):
    folder.mkdir()
    for place, (clip, _) in enumerate([*TRAIN, *TEST]):
        content = {name: np.ones((n_frames + place, 13)) for name in ("x", "y", "visibility")}
        size = np.array([[240, 320, n_frames + place]], np.uint16)
        savemat(folder / f"{clip}.mat", content | {"bbox": np.ones((n_frames + place, 4)), "dimensions": size})
    return folder


def test_pose_files_tell_the_size_of_every_clip(written, tmp_path):
    folder, _ = written
    without = imported(folder).manifest
    assert without[["n_frames", "width", "height", "fps", "duration_s"]].isna().all(axis=None)
    poses = write_pose_files(tmp_path / "poses", 30)
    manifest = release_artifacts(ReleaseFolder(folder), 0, FRACTIONS, poses).manifest
    assert manifest["n_frames"].tolist() == [30 + place for place in range(9)]
    assert manifest[["width", "height"]].drop_duplicates().to_numpy().tolist() == [[320, 240]]
    assert manifest["fps"].isna().all()
    pd.testing.assert_frame_equal(
        manifest.drop(columns=["n_frames", "width", "height"]), without.drop(columns=["n_frames", "width", "height"])
    )
    (poses / "0007.mat").unlink()
    with pytest.raises(ValueError, match=r"poses: clip '0007' has no pose file in .*poses/; put 0007\.json"):
        release_artifacts(ReleaseFolder(folder), 0, FRACTIONS, poses)


@pytest.mark.parametrize(
    "order", [("motion", "object", "scene"), ("scene", "motion", "object"), ("object", "scene", "motion")]
)
def test_the_model_has_the_logits_of_its_tensors_whatever_the_order_of_its_families(tmp_path, order):
    arrays = write_release(tmp_path / "release", order)
    model = released_model(ReleaseFolder(tmp_path / "release"))
    x = arrays["val_vmae_b"].astype(float)
    parts = [
        (x @ arrays[f"{family}_W_c"].T - arrays[f"{family}_proj_mean"]) / arrays[f"{family}_proj_std"]
        for family in order
    ]
    np.testing.assert_allclose(model.logits(x), np.hstack(parts) @ arrays["W_g"].T + arrays["b_g"], atol=1e-6)
    assert [concept.name for concept in model.concepts] == [*MOTIONS, *OBJECTS, *SCENES]
    assert model.settings["families_in_the_release"] == list(order)


def test_the_command_writes_a_model_folder(written, tmp_path, capsys):
    assert main(["import-release", str(written[0]), str(tmp_path / "out")]) == 0
    assert "## Classes" in (tmp_path / "out" / "README.md").read_text("utf-8")
    assert capsys.readouterr().out == f"{tmp_path / 'out'}: 6 concepts, 2 classes\n"
    assert Model.load(tmp_path / "out").classes == ("bowl", "squat")


class Code:
    def __reduce__(self):
        return print, ("this must not run",)


def shorter(path):
    save(path, np.ones((3, 5)))


def with_code(path):
    path.write_bytes(pickle.dumps(Code()))


def with_torch_code(path):
    torch.save({"x": Code()}, path)


def with_a_dict(path):
    torch.save({"x": torch.ones(2)}, path)


def with_a_sparse_tensor(path):
    torch.save(torch.eye(6).to_sparse(), path)


def with_broken_bytes(path):
    path.write_bytes(b"\x80\x02.")


def with_text(path):
    path.write_text("not a tensor")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (shorter, r"features of shape \(3, 5\) for 6 clips of train.csv; row i must be line i"),
        (with_code, "refused, it is not a plain tensor file"),
        (with_torch_code, "refused, it is not a plain tensor file"),
        (with_a_dict, "holds dict; it must be one dense tensor of floating-point numbers"),
        (with_a_sparse_tensor, "it must be one dense tensor of floating-point numbers"),
        (with_broken_bytes, "refused, it is not a plain tensor file; save one dense tensor with torch.save"),
        (with_text, "refused, it is not a plain tensor file"),
    ],
)
def test_bad_features_are_refused(written, capsys, spoil, sentence):
    folder, _ = written
    spoil(folder / "features/tiny_train_vmae_b.pt")
    with pytest.raises(ValueError, match=sentence):
        imported(folder)
    assert "this must not run" not in capsys.readouterr().out


def edit_labels(folder, change):
    path = folder / "motion_labels/hard_label_train.json"
    rows = json.loads(path.read_text())
    change(rows)
    path.write_text(json.dumps(rows))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda rows: rows.pop(), "5 rows, but train.csv has 6 clips; clip '0005' is in one of them only"),
        (lambda rows: rows.append(rows[0]), "7 rows, but train.csv has 6 clips; both must list the same clips"),
        (lambda rows: rows[1]["attribute_label"].pop(), "rows have 2 to 3 labels; give every clip one a concept"),
        (lambda rows: rows[1].update(attribute_label=[1, -1, 0]), "clip '0001' has labels other than 0 and 1, or -1"),
        (lambda rows: rows[1].update(attribute_label=[1, 2, 0]), "clip '0001' has labels other than 0 and 1, or -1"),
    ],
)
def test_labels_that_disagree_are_refused(written, change, sentence):
    edit_labels(written[0], change)
    with pytest.raises(ValueError, match=sentence):
        imported(written[0])


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("train.csv", "0000.mp4,0\n0001.mp4,2\n", r"train.csv:2: '0001.mp4,2' is not a path and a class index below 2"),
        ("train.csv", "0000.mp4,0\n0000.mp4,0\n", "clip '0000' occurs twice; list each clip once"),
        ("val.csv", "0000.mp4,0\n0007.mp4,1\n0008.mp4,0\n", "clip '0000' is in train.csv and in val.csv"),
        ("concepts/tiny_object_concept.txt", "Ball\nBall", "concept 'Ball' occurs twice; name each concept once"),
        (
            "concepts/tiny_object_concept.txt",
            "Ball",
            r"1 concepts but text features of shape \(2, 4\); give one row a concept, 4 wide",
        ),
        ("released_model/aggregated/concepts.txt", "a\nb", "its 2 names fit 0 orders of the families"),
    ],
)
def test_lists_that_disagree_are_refused(written, file, text, sentence):
    folder, _ = written
    (folder / file).write_text(text)
    with pytest.raises(ValueError, match=sentence):
        imported(folder)
        released_model(ReleaseFolder(folder))


@pytest.mark.parametrize("text", ["[{]", '[{"name": "0000.mp4"}]', "[1, 2]"])
def test_labels_in_another_form_are_refused(written, text):
    (written[0] / "motion_labels/hard_label_train.json").write_text(text)
    with pytest.raises(ValueError, match=r"hard_label_train\.json: not motion labels, at .* it must be a list of"):
        imported(written[0])


def test_features_of_two_networks_are_refused(written):
    folder, _ = written
    save(folder / "features/tiny_val_vmae_b.pt", np.ones((3, 6)))
    with pytest.raises(ValueError, match="the backbone has 5 features in train and 6 in val; both must come from the"):
        imported(folder)


def test_a_release_without_one_usable_train_clip_is_refused(written):
    folder, _ = written
    save(folder / "features/tiny_train_vmae_b.pt", np.zeros((6, 5)))
    with pytest.raises(ValueError, match=r"no train clip has usable features \(6 have none\); export them again"):
        imported(folder)


def test_absent_parts_are_named(written, tmp_path):
    folder, _ = written
    with pytest.raises(ValueError, match=r"release: there is no folder .*nowhere'; set release to the folder"):
        ReleaseFolder(tmp_path / "nowhere")
    (folder / "features/tiny_val_vmae_b.pt").unlink()
    with pytest.raises(ValueError, match="0 files of the backbone for split val; give exactly one"):
        imported(folder)
    (folder / "class_list.txt").rename(folder / "classes")
    with pytest.raises(ValueError, match=r"class_list\.txt must be exactly one file; found none"):
        imported(folder)


def test_a_model_of_another_shape_is_refused(written):
    folder, _ = written
    save(folder / "released_model/aggregated/W_g.pt", np.ones((2, 5)))
    with pytest.raises(ValueError, match=r"W_g \(2, 5\) and b_g \(2,\) for 2 classes and 6 concepts"):
        released_model(ReleaseFolder(folder))
    save(folder / "released_model/place/W_c.pt", np.ones((1, 4)))
    save(folder / "released_model/aggregated/W_g.pt", np.ones((2, 6)))
    with pytest.raises(ValueError, match="'scene': 4} features; all must be for the same backbone"):
        released_model(ReleaseFolder(folder))
    save(folder / "released_model/pose/proj_std.pt", np.ones(2))
    with pytest.raises(ValueError, match=r"pose: 3 concepts, but W_c \(3, 5\), proj_mean \(1, 3\) and proj_std \(2,\)"):
        released_model(ReleaseFolder(folder))


@pytest.mark.skipif(not PENN.is_dir(), reason=f"the authors' release is not at {PENN}")
def test_the_released_penn_action_model_predicts_what_the_authors_report(tmp_path):
    assert main(["import-release", str(PENN), str(tmp_path / "out")]) == 0
    model, release = Model.load(tmp_path / "out"), ReleaseFolder(PENN)
    features = release.backbone_features("val")
    y = [release.classes.index(label) for _, _, label in release.clips["val"]]
    logits = model.logits(features)
    assert ((logits.argmax(axis=1) == y).sum(), len(y)) == (1046, 1067)

    def tensor(name):
        path = PENN / "released_model" / f"{name}.pt"
        return torch.load(path, weights_only=True, map_location="cpu").detach().double()

    x = torch.tensor(features, dtype=torch.float64)
    parts = [
        (x @ tensor(f"{folder}/W_c").T - tensor(f"{folder}/proj_mean")) / tensor(f"{folder}/proj_std")
        for folder in ("pose", "spatial", "place")
    ]
    expected = torch.hstack(parts) @ tensor("aggregated/W_g").T + tensor("aggregated/b_g")
    np.testing.assert_allclose(logits, expected.numpy(), atol=1e-5)
