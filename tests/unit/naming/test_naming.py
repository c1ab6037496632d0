import logging
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dance_core.__main__ import main
from dance_core.naming import NameRow, concept_rows, given_names, merged_rows, read_names_file, with_keys
from dance_core.tables import write_table

CONCEPTS = pd.DataFrame(
    {
        "concept": np.array([0, 1, 2], np.int32),
        "name": ["boxing 1", "boxing 2", "walking 1"],
        "clip_id": ["b1", "b2", "w1"],
        "start": [0, 10, 4],
        "end": [30, 40, 34],
        "class_counts": ['{"boxing": 2}', '{"boxing": 1, "walking": 3}', '{"walking": 2}'],
    }
)


def assignments(**members):
    """Segments of concepts 0, 1, ...; by default two train segments each, and one of a test clip."""
    chosen = {"c0": "ab", "c1": "cd", "c2": "ef"} | members
    rows = [(name, "train", int(key[1])) for key, names in chosen.items() for name in names]
    return pd.DataFrame([*rows, ("z", "test", 0), ("y", "train", -1)], columns=["segment_id", "split", "concept"])


def keys(table=None, concepts=CONCEPTS):
    return dict(with_keys(concepts, assignments() if table is None else table)[["concept", "key"]].to_numpy())


def keyed():
    return with_keys(CONCEPTS, assignments())


def written(path, text):
    path.write_text(text, "utf-8")
    return path


def test_a_key_depends_on_the_train_segments_alone():
    first = keys()
    assert len(set(first.values())) == 3
    assert all(key.startswith("m") and len(key) == 13 for key in first.values())
    shuffled = assignments().sample(frac=1, random_state=0)
    assert keys(shuffled[shuffled["split"] == "train"]) == first
    changed = keys(assignments(c0="abg"))
    assert changed[0] != first[0]
    assert {concept: changed[concept] for concept in (1, 2)} == {concept: first[concept] for concept in (1, 2)}


def test_a_key_moves_with_the_segments_when_numbers_change():
    first, swapped = keys(), keys(assignments(c0="cd", c1="ab"))
    assert (swapped[0], swapped[1]) == (first[1], first[0])


def test_released_concepts_are_recognised_by_name_and_clips():
    flags = [np.array([1, 0, 0]), np.array([1, 1, 0]), np.array([1, 1, 1])]
    labels = pd.DataFrame({"clip_id": ["x", "y", "z"], "labelled": [True, True, False], "concepts": flags})
    first = keys(labels)
    assert len(set(first.values())) == 3
    flags[1] = np.array([1, 0, 0])
    second = keys(labels.assign(concepts=flags))
    assert (second[0] == first[0], second[1] == first[1]) == (True, False)
    assert keys(labels, CONCEPTS.assign(name="other"))[0] != first[0]


def test_a_concept_without_segments_is_refused():
    with pytest.raises(ValueError, match="motion_concepts: no segment belongs to concept 1; rebuild concepts and ass"):
        keys(assignments(c1=""))


def test_names_are_matched_by_key(tmp_path, caplog):
    key = keys()
    path = written(
        tmp_path / "names.csv",
        "key,concept_id,name,description,source\n"
        f"{key[1]},1,  straight   punch ,One arm goes out.,\n{key[2]},,stroll,,model\nm00,5,gone,,human\n",
    )
    caplog.set_level(logging.WARNING)
    names = given_names(keyed(), path)
    assert [(n.family, n.id, n.trained_name, n.name, n.description, n.source) for n in names] == [
        ("motion", 1, "boxing 2", "straight punch", "One arm goes out.", "human"),
        ("motion", 2, "walking 1", "stroll", "", "model"),
    ]
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}: key 'm00' ('gone') is of no concept of this run, so its name is not used; see which concepts there "
        f"are with python -m dance_core names RESULTS --from {path} --out FILE"
    ]
    assert given_names(keyed(), None) == []


def test_rows_that_were_left_alone_name_nothing_and_edited_ones_are_a_persons(tmp_path):
    key = keys()
    path = written(
        tmp_path / "names.csv",
        "key,concept_id,name,description,source,generated_name\n"
        # As written, but for a number that the workflow now gives to another concept.
        f"{key[0]},0,boxing 7,,generated,boxing 7\n"
        f"{key[1]},1,punch,,generated,boxing 2\n"
        f"{key[2]},2,walking 9,A slow walk.,generated,walking 9\n",
    )
    names = given_names(keyed(), path)
    assert [(name.id, name.name, name.description, name.source) for name in names] == [
        (1, "punch", "", "human"),
        (2, "walking 1", "A slow walk.", "human"),
    ]


def test_a_name_of_several_concepts_is_told(tmp_path, caplog):
    key = keys()
    path = written(tmp_path / "names.csv", f"key,name\n{key[0]},punch\n{key[1]},punch\n{key[2]},stroll\n")
    assert [name.name for name in given_names(keyed(), path)] == ["punch", "punch", "stroll"]
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}: 'punch' names concepts 0, 1, which nobody can tell apart"
    ]


def test_a_name_that_another_concept_was_generated_is_told(tmp_path, caplog):
    key = keys()
    path = written(tmp_path / "names.csv", f"key,name\n{key[0]},walking 1\n")
    assert [name.id for name in given_names(keyed(), path)] == [0]
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}: 'walking 1' names concepts 0, 2, which nobody can tell apart"
    ]


def test_a_number_that_does_not_fit_the_key_is_refused(tmp_path):
    key = keys()
    path = written(tmp_path / "names.csv", f"key,concept_id,name\n{key[1]},2,punch\n")
    with pytest.raises(ValueError) as caught:
        given_names(keyed(), path)
    assert str(caught.value) == (
        f"{path}: concept_id is 2 but key '{key[1]}' ('punch') is of concept 1; correct it, or leave it empty"
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, ": there is no such file; write one with python -m dance_core names RESULTS --out FILE"),
        ("", ": column 'key' is absent, found nothing; save it as csv, in UTF-8"),
        ("key|name\nm1|punch\n", ": column 'key' is absent, found key|name; save it as csv, in UTF-8"),
        ("key,names\n", ": column 'name' is absent, found key, names; save it as csv, in UTF-8"),
        ("key,name\nm1,a\n\n,b\n", " line 4: key is empty; take the keys from python -m dance_core names"),
        ("key,name\nm1,a\nm1,b\n", ": key 'm1' occurs twice; keep one of the rows"),
        (f"key,name\nm1,{'a' * 61}\n", " line 2: name has 61 characters; use at most 60, the rest as description"),
        (
            "key,name,source\nm1,a,humen\n",
            " line 2: source 'humen' is unknown (did you mean 'human'?); use one of human, model, generated",
        ),
        ("key,name\nm1,caf\xe9\n".encode("latin-1"), ": not a csv file in UTF-8 ("),
    ],
)
def test_a_file_that_names_nothing_clearly_is_refused(tmp_path, content, sentence):
    path = tmp_path / "names.csv"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError) as caught:
        read_names_file(path)
    assert str(caught.value).startswith(f"{path}{sentence}")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_what_spreadsheets_make_of_a_file_is_no_trouble(tmp_path, separator, line_end):
    path = tmp_path / "names.csv"
    cells = ["key", "name", "mine"], ["m1", '"Tür, rot; auf"', "x"], ["", "", ""]
    path.write_bytes("".join(separator.join(row) + line_end for row in cells).encode("utf-8-sig"))
    assert read_names_file(path) == [NameRow("m1", "", "Tür, rot; auf")]


def test_rows_of_a_new_file():
    rows = concept_rows(keyed())
    assert rows[1] == NameRow(
        keys()[1], "1", "boxing 2", "", "generated", "boxing 2", "walking 3, boxing 1", "b2 frames 10-40"
    )
    released = CONCEPTS.drop(columns=["start", "end"]).assign(clip_id="", key="m1")
    assert concept_rows(released)[0].medoid == ""


def test_names_are_taken_along_and_a_persons_wins():
    rows = concept_rows(keyed())
    suggestion = [replace(row, name=f"suggested {row.concept_id}", source="model") for row in rows]
    mine = [replace(rows[1], name="punch", source="human"), NameRow("m0", "7", "gone"), replace(rows[2])]
    for former in ([mine, suggestion], [suggestion, mine]):
        merged = merged_rows(rows, former)
        assert [(row.key, row.concept_id, row.name, row.source) for row in merged] == [
            (rows[0].key, "0", "suggested 0", "model"),
            (rows[1].key, "1", "punch", "human"),
            (rows[2].key, "2", "suggested 2", "model"),
            ("m0", "", "gone", "human"),
        ]
    assert merged_rows(rows, []) == rows


def test_a_persons_description_stays_with_the_generated_name_of_today():
    rows = concept_rows(keyed())
    described = replace(rows[1], name="boxing 7", generated_name="boxing 7", description="One arm goes out.")
    emptied = replace(rows[2], name="", source="human")
    suggestion = [replace(row, name="suggested", source="model") for row in rows[1:]]
    merged = merged_rows(rows, [suggestion, [described, emptied]])
    assert merged == [rows[0], replace(rows[1], description="One arm goes out."), suggestion[1]]


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results" / "small"
    write_table(folder / "motion_concepts" / "concepts.parquet", CONCEPTS)
    write_table(folder / "motion_concepts" / "assignments.parquet", assignments())
    return folder


def test_the_command_writes_a_file_once_and_takes_names_along(results, tmp_path, capsys):
    out = tmp_path / "names.csv"
    assert main(["names", str(results), "--out", str(out)]) == 0
    assert read_names_file(out) == concept_rows(keyed())
    assert out.read_bytes().startswith(b"\xef\xbb\xbfkey,")  # by which spreadsheets recognise UTF-8
    text = out.read_text("utf-8").replace(",walking 1,,generated", ",stroll,Slow steps.,generated")
    out.write_text(text, "utf-8")
    assert main(["names", str(results), "--out", str(out)]) == 1
    assert out.read_text("utf-8") == text
    assert capsys.readouterr().err == (
        f"{out}: exists and is not overwritten; give another --out, and --from {out} to take its names along\n"
    )
    assert main(["names", str(results), "--from", str(out), "--out", str(tmp_path / "new.csv")]) == 0
    assert "3 rows, 1 with a given name" in capsys.readouterr().out
    (row,) = [row for row in read_names_file(tmp_path / "new.csv") if row.source == "human"]
    assert (row.name, row.description, row.concept_id) == ("stroll", "Slow steps.", "2")


def test_the_command_refuses_a_place_in_the_results_and_results_without_concepts(results, tmp_path, capsys):
    assert main(["names", str(results), "--out", str(results / "names.csv")]) == 1
    assert "lies in the results, which the workflow deletes and writes; give a place outside" in capsys.readouterr().err
    assert main(["names", str(tmp_path / "empty"), "--out", str(tmp_path / "names.csv")]) == 1
    assert "there are no motion concepts (motion_concepts/concepts.parquet); give the" in capsys.readouterr().err
