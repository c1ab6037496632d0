import itertools
import os
import random

import av
import numpy as np
import pandas as pd
import pytest

from dance_core.datasets import ReaderOptions
from dance_core.manifest import (
    MANIFEST_SCHEMA,
    check_manifest,
    list_clips,
    probe_clips,
    select_shard,
    usable,
)
from dance_core.tables import read_table, write_table


def make_folder(folder, files):
    for file in files:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def write_csv(folder, text, encoding="utf-8"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.csv").write_bytes(text.encode(encoding))
    return folder


def csv_of(rows, columns="clip_id,path,label,split,group"):
    return "\n".join([columns, *(",".join(map(str, row)) for row in rows)]) + "\n"


def people(n_people, labels, split=lambda person: ""):
    return [
        (f"{label}{person}", f"{label}/{person}.mp4", label, split(person), f"p{person}")
        for person, label in itertools.product(range(n_people), labels)
    ]


def counts(listing):
    return {key: int(n) for key, n in listing.groupby(["label", "split"]).size().items()}


def expected_counts(**splits):
    return {(label, split): n for label in "ab" for split, n in splits.items()}


def test_a_folder_names_clips_and_labels(tmp_path):
    files = ["a b/one.MP4", "a b/two.mkv", "café/one.avi", "café/three x.webm", "café/.hidden.mp4", "café/notes.txt"]
    listing = list_clips(make_folder(tmp_path, [*files, ".cache/x.mp4", "loose.mp4"]), seed=0)
    assert listing[["clip_id", "path", "label"]].to_numpy().tolist() == [
        ["a_b__one", "a b/one.MP4", "a b"],
        ["café__one", "café/one.avi", "café"],
        ["three_x", "café/three x.webm", "café"],
        ["two", "a b/two.mkv", "a b"],
    ]
    assert list(listing["group"]) == list(listing["clip_id"])


def test_a_folder_of_pictures_is_a_clip_and_other_folders_are_told(tmp_path, caplog):
    files = ["a/one/1.jpg", "a/one/notes.txt", "a/two.mp4", "a/odd/deep/3.mp4", "a/.hidden/1.jpg", "a/none/.1.jpg"]
    listing = list_clips(make_folder(tmp_path, files), seed=0)
    assert listing[["clip_id", "path"]].to_numpy().tolist() == [["one", "a/one"], ["two", "a/two.mp4"]]
    assert "2 folders within those of the classes hold no picture and are left out, such as 'a/none'" in caplog.text


def test_two_files_of_one_stem_and_class_are_told_by_their_extension(tmp_path):
    listing = list_clips(make_folder(tmp_path, ["a/x.mp4", "a/x.avi", "a/y.mp4"]), seed=0)
    assert list(listing["clip_id"]) == ["a__x_avi", "a__x_mp4", "y"]


def test_ten_clips_of_each_class_are_split_six_two_two(tmp_path):
    folder = make_folder(tmp_path, [f"{label}/{label}{i}.mp4" for label in "ab" for i in range(10)])
    listing = list_clips(folder, seed=1)
    assert counts(listing) == expected_counts(train=6, val=2, test=2)


@pytest.mark.parametrize(
    ("n", "expected"), [(2, ["train", "val"]), (3, ["test", "train", "val"]), (5, ["test", *["train"] * 3, "val"])]
)
def test_small_classes_reach_as_many_splits_as_they_can(tmp_path, n, expected):
    listing = list_clips(make_folder(tmp_path, [f"a/{i}.mp4" for i in range(n)]), seed=0)
    assert sorted(listing["split"]) == expected


def test_the_draw_depends_on_the_seed_and_not_on_the_order_of_rows(tmp_path):
    rows = people(20, "ab")
    first = list_clips(write_csv(tmp_path, csv_of(rows)), seed=3)
    random.Random(0).shuffle(rows)
    pd.testing.assert_frame_equal(list_clips(write_csv(tmp_path, csv_of(rows)), seed=3), first)
    others = [list_clips(tmp_path, seed=seed)["split"].tolist() for seed in range(4, 8)]
    assert any(other != first["split"].tolist() for other in others)


@pytest.mark.parametrize("seed", range(5))
def test_groups_stay_together_and_every_class_is_in_train(tmp_path, seed):
    rng = np.random.default_rng(seed)
    rows = [(f"c{i}", f"x/{i}.mp4", f"l{i % 5}", "", f"g{rng.integers(25)}") for i in range(200)]
    listing = list_clips(write_csv(tmp_path, csv_of(rows)), seed=seed)
    assert (listing.groupby("group")["split"].nunique() == 1).all()
    shares = listing["split"].value_counts(normalize=True)
    assert shares["train"] == pytest.approx(0.6, abs=0.1)
    assert shares["val"] == pytest.approx(0.2, abs=0.1)
    assert listing.groupby("split")["label"].nunique().tolist() == [5, 5, 5]


def test_a_class_with_one_group_goes_to_train(tmp_path):
    rows = [*people(10, "ab"), *((f"c{i}", f"c/{i}.mp4", "c", "", "lone") for i in range(3))]
    listing = list_clips(write_csv(tmp_path, csv_of(rows)), seed=0)
    assert set(listing.loc[listing["label"] == "c", "split"]) == {"train"}


def test_val_is_carved_from_train_by_group(tmp_path):
    rows = people(8, "ab", lambda person: "test" if person >= 4 else "train")
    listing = list_clips(write_csv(tmp_path, csv_of(rows)), seed=0).set_index("clip_id")
    assert all((listing.loc[row[0], "split"] == "test") == (row[3] == "test") for row in rows)
    assert counts(listing) == {
        (label, split): n for label in "ab" for split, n in (("test", 4), ("train", 3), ("val", 1))
    }


def test_test_is_drawn_where_the_table_has_none(tmp_path):
    rows = people(10, "ab", lambda person: "val" if person < 2 else "train")
    listing = list_clips(write_csv(tmp_path, csv_of(rows)), seed=0)
    assert counts(listing) == {
        (label, split): n for label in "ab" for split, n in (("val", 2), ("train", 6), ("test", 2))
    }


def test_given_splits_stay_and_empty_ones_follow_their_group(tmp_path):
    rows = people(6, "ab", lambda person: ["train", "train", "val", "test", "", ""][person])
    rows[7] = (*rows[7][:3], "", rows[7][4])  # person 3, class b: the group is in test
    listing = list_clips(write_csv(tmp_path, csv_of(rows)), seed=0).set_index("clip_id")
    assert listing.loc[["a0", "a1", "a2", "a3", "b3"], "split"].tolist() == ["train", "train", "val", "test", "test"]
    assert set(listing["split"]) == {"train", "val", "test"}


def test_extra_test_sets_may_share_people_with_test(tmp_path):
    rows = people(6, "ab", lambda person: ["train", "train", "train", "val", "test", "test"][person])
    rows += [(f"s{row[0]}", f"s{row[1]}", row[2], "shift_test", row[4]) for row in rows if row[3] == "test"]
    listing = list_clips(write_csv(tmp_path, csv_of(rows)), seed=0, extra_splits=["shift_dev", "shift_test"])
    assert (listing["split"] == "shift_test").sum() == 4


def test_columns_may_stand_in_any_order_and_the_file_may_have_a_byte_order_mark(tmp_path):
    text = 'Label,notes,path,clip_id\n"run, fast",x,a/1.mp4,one\n"run, fast",,./a/../a/2.mp4,two\n'
    listing = list_clips(write_csv(tmp_path, "\ufeff" + text), seed=0)
    assert listing[["clip_id", "path", "label"]].to_numpy().tolist() == [
        ["one", "a/1.mp4", "run, fast"],
        ["two", "a/2.mp4", "run, fast"],
    ]


def test_the_table_wins_over_folder_names(tmp_path):
    make_folder(tmp_path, ["wrong/1.mp4", "wrong/2.mp4", "wrong/3.mp4"])
    listing = list_clips(write_csv(tmp_path, "clip_id,path,label\na,wrong/1.mp4,right\nb,wrong/2.mp4,right\n"), seed=0)
    assert listing["label"].tolist() == ["right", "right"]


def test_links_inside_the_source_may_lead_out_of_it(tmp_path):
    make_folder(tmp_path, ["elsewhere/1.mp4", "elsewhere/2.mp4"])
    source = tmp_path / "source"
    source.mkdir()
    (source / "a").symlink_to(tmp_path / "elsewhere")
    assert list_clips(source, seed=0)["path"].tolist() == ["a/1.mp4", "a/2.mp4"]
    write_csv(source, f"clip_id,path,label\nx,a/1.mp4,a\ny,{source}/a/2.mp4,a\n")
    assert list_clips(source, seed=0)["path"].tolist() == ["a/1.mp4", "a/2.mp4"]


def test_a_file_name_that_is_not_utf8_is_named(tmp_path):
    make_folder(tmp_path, ["a/1.mp4", os.fsdecode(b"a/caf\xe9.mp4")])
    with pytest.raises(ValueError) as error:
        list_clips(tmp_path, seed=0)
    assert str(error.value) == f"{tmp_path}: file name b'a/caf\\xe9.mp4' is not valid UTF-8; rename it"


HEADER = "clip_id,path,label,split,group\n"
GOOD = "x,a/x.mp4,a,train,\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            HEADER + GOOD + "y,a/y.mp4,a,vali,\n",
            "manifest.csv line 3: split 'vali' is unknown; use one of train, val, test",
        ),
        (HEADER + GOOD + GOOD, "manifest.csv line 3: clip_id 'x' is also on line 2; rename one of them"),
        (
            "clip_id,path,class\n",
            "manifest.csv line 1: column 'label' is absent, the header has clip_id, path, class; "
            "the columns are clip_id, path, label, and where wished split and group, with commas between",
        ),
        (
            "clip_id;path;label\n",
            "manifest.csv line 1: column 'clip_id' is absent, the header has clip_id;path;label; "
            "the columns are clip_id, path, label, and where wished split and group, with commas between",
        ),
        ("", "manifest.csv line 1: column 'clip_id' is absent, the header has nothing; the columns are"),
        (HEADER + "x,,a,,\n", "manifest.csv line 2: path is empty; fill it in or delete the line"),
        (HEADER + "x,a.mp4\n", "manifest.csv line 2: label is empty; fill it in or delete the line"),
        (
            HEADER + "x,a.mp4,a,train,g,more\n",
            "manifest.csv line 2: there are more values than columns; put values that hold a comma in double quotes",
        ),
        (
            HEADER + "x/y,a.mp4,a,,\n",
            "manifest.csv line 2: clip_id 'x/y' cannot be a file name; use letters, digits, '.', '_' and '-'",
        ),
        (
            HEADER + "x,a/../../b.mp4,a,,\n",
            "manifest.csv line 2: path 'a/../../b.mp4' leaves the source folder '{folder}'; "
            "move or link the clip into it",
        ),
        (
            HEADER + "x,/etc/b.mp4,a,,\n",
            "manifest.csv line 2: path '/etc/b.mp4' leaves the source folder '{folder}'; move or link the clip into it",
        ),
        (
            HEADER + "x,x.mp4,a,train,p\ny,y.mp4,a,test,p\n",
            "{folder}: group 'p' is in split train (clip 'x') and in test (clip 'y'); "
            "put all its clips into one of train, val and the test sets",
        ),
        (
            HEADER + GOOD + "y,a/y.mp4,a,,\nz,b/z.mp4,b,,\n",
            "{folder}: class 'b' has 1 clip, which cannot be both learnt from and tested on; "
            "add clips or remove the class",
        ),
        (
            HEADER,
            "{folder}: no clip was found; put clips at class_name/clip.mp4 "
            "(.mp4, .avi, .mov, .mkv, .webm, .m4v, .mpg) or list them in manifest.csv",
        ),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_in_one_sentence(tmp_path, text, sentence):
    with pytest.raises(ValueError) as error:
        list_clips(write_csv(tmp_path, text), seed=0)
    assert sentence.format(folder=tmp_path) in str(error.value)


def test_other_encodings_are_refused(tmp_path):
    write_csv(tmp_path, "clip_id,path,label\nx,a/x.mp4,café\n", encoding="latin-1")
    with pytest.raises(ValueError, match=r"manifest\.csv: byte 32 is not UTF-8; save the file as CSV UTF-8$"):
        list_clips(tmp_path, seed=0)


def test_an_extra_split_has_to_be_announced(tmp_path):
    write_csv(tmp_path, HEADER + "x,x.mp4,a,shift_deb,\n")
    sentence = r"line 2: split 'shift_deb' is unknown; use one of train, val, test, shift_dev$"
    with pytest.raises(ValueError, match=sentence):
        list_clips(tmp_path, seed=0, extra_splits=["shift_dev"])


@pytest.mark.parametrize(
    ("name", "value"), [("split", 2), ("classes", "c.txt"), ("annotations", "lists"), ("extra_tests", {"scuba": "s"})]
)
def test_settings_of_published_data_sets_are_refused_for_a_folder_of_one_s_own(tmp_path, name, value):
    make_folder(tmp_path, ["a/1.mp4", "a/2.mp4"])
    with pytest.raises(ValueError) as error:
        list_clips(tmp_path, seed=0, options=ReaderOptions(**{name: value}))
    assert str(error.value) == f"data.{name} is for published data sets only; leave it out, or set data.reader"


def test_an_absent_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"/none: there is no such folder; set source to the folder of class_name"):
        list_clips(tmp_path / "none", seed=0)


def test_fractions_have_to_sum_to_one(tmp_path):
    sentence = r"^split fractions \[0\.6, 0\.2, 0\.3\] are not three positive numbers that sum to 1; set them so$"
    with pytest.raises(ValueError, match=sentence):
        list_clips(tmp_path, seed=0, fractions=(0.6, 0.2, 0.3))


def test_two_files_that_would_have_one_name_are_refused(tmp_path):
    make_folder(tmp_path, ["a/x y.mp4", "a/x_y.mp4"])
    with pytest.raises(
        ValueError, match=r"clips 'a/x y\.mp4' and 'a/x_y\.mp4' would both be 'a__x_y_mp4'; rename one$"
    ):
        list_clips(tmp_path, seed=0)


def write_grey_video(path, n):
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(n):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_probing_keeps_every_clip_and_says_what_is_wrong(tmp_path):
    make_folder(tmp_path, ["a/empty.mp4"])
    write_grey_video(tmp_path / "a" / "good.mp4", 7)
    rows = [(name, f"a/{name}.mp4", "a", "", "") for name in ("empty", "good", "lost")]
    listing = list_clips(write_csv(tmp_path, csv_of(rows)), seed=0)
    manifest = probe_clips(listing, tmp_path)
    assert manifest.columns.tolist() == MANIFEST_SCHEMA.names
    assert manifest["clip_id"].tolist() == ["empty", "good", "lost"]
    assert manifest["status"].tolist() == ["unreadable", "ok", "unreadable"]
    assert manifest["reason"].tolist() == ["the file is empty (0 bytes)", "", "there is no such file"]
    assert manifest.loc[1, ["n_frames", "fps", "width", "height", "duration_s"]].tolist() == [7, 25.0, 64, 48, 0.28]
    assert usable(manifest)["clip_id"].tolist() == ["good"]
    write_table(tmp_path / "manifest.parquet", manifest, MANIFEST_SCHEMA)
    pd.testing.assert_frame_equal(read_table(tmp_path / "manifest.parquet"), manifest)


def test_a_shard_without_clips_has_the_same_columns(tmp_path):
    listing = pd.DataFrame(columns=["clip_id", "path", "label", "split", "group"])
    manifest = probe_clips(listing, tmp_path)
    assert manifest.columns.tolist() == MANIFEST_SCHEMA.names
    write_table(tmp_path / "manifest.parquet", manifest, MANIFEST_SCHEMA)
    assert len(usable(manifest)) == 0


def test_shards_share_the_clips_out_evenly():
    table = pd.DataFrame({"clip_id": list("hgfedcba"), "n": range(8)})
    shards = [select_shard(table, shard, 3) for shard in range(3)]
    assert [shard["clip_id"].tolist() for shard in shards] == [["a", "d", "g"], ["b", "e", "h"], ["c", "f"]]
    with pytest.raises(ValueError, match=r"^shard 3 of 3 does not exist; shards are counted from 0 to 2$"):
        select_shard(table, 3, 3)


def manifest_of(rows):
    return pd.DataFrame(rows, columns=["clip_id", "path", "label", "split", "status", "reason"])


COMPLETE = [
    ("1", "1.mp4", "a", "train", "ok", ""),
    ("2", "2.mp4", "b", "train", "truncated", "cut"),
    ("3", "3.mp4", "a", "val", "ok", ""),
    ("4", "4.mp4", "b", "test", "ok", ""),
]


def test_a_complete_manifest_passes():
    check_manifest(manifest_of(COMPLETE))


def test_a_class_without_a_usable_train_clip_is_named():
    rows = [COMPLETE[0], ("2", "2.mp4", "b", "train", "unreadable", "the file is empty (0 bytes)"), *COMPLETE[2:]]
    with pytest.raises(ValueError) as error:
        check_manifest(manifest_of(rows))
    assert str(error.value) == (
        "class 'b' has no usable train clip (1 of its 2 clips are unreadable, the first is '2.mp4': "
        "the file is empty (0 bytes)); repair or add clips, or move some to it"
    )


def test_a_split_without_a_usable_clip_is_named():
    with pytest.raises(
        ValueError, match=r"^split 'test' has no usable clip \(0 of its 0 clips are unreadable\); repair"
    ):
        check_manifest(manifest_of(COMPLETE[:3]))
