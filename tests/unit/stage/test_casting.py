"""The plan: splits by person, home scenes and props for four clips in five, crossed ones in the shifted sets."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from dance_core.stage.casting import (
    ACTIONS,
    HOME_PROP,
    HOME_SCENE,
    PEOPLE,
    PROPS,
    SCENES,
    SHIFTED_SPLITS,
    Clip,
    planned_clips,
)

CLIPS = planned_clips()
SIZES = {"train": 72, "val": 24, "test": 48, "shift_dev": 48, "shift_test": 48}
WALKER = Clip("walking_p03", 3, "walking", "street", "bench", "train")


def clips_of(split):
    return [clip for clip in CLIPS if clip.split == split]


def test_every_person_does_every_action_once_in_a_split():
    assert Counter(clip.split for clip in CLIPS) == SIZES
    assert len({clip.clip_id for clip in CLIPS}) == 240
    assert [clip.clip_id for clip in CLIPS] == sorted(clip.clip_id for clip in CLIPS)
    for split, people in PEOPLE.items():
        pairs = sorted((clip.person, clip.action) for clip in clips_of(split))
        assert pairs == sorted((person, action) for person in people for action in ACTIONS)


def test_the_splits_share_no_person_but_for_the_shifted_ones():
    people = {split: {clip.person for clip in clips_of(split)} for split in (*PEOPLE, *SHIFTED_SPLITS)}
    assert not people["train"] & people["val"]
    assert not people["train"] & people["test"]
    assert not people["val"] & people["test"]
    assert people["shift_dev"] == people["shift_test"] == people["test"]


@pytest.mark.parametrize("split", PEOPLE)
def test_four_clips_in_five_are_at_home(split):
    clips = clips_of(split)
    for home, aspect in ((HOME_SCENE, "scene"), (HOME_PROP, "prop")):
        at_home = sum(getattr(clip, aspect) == home[clip.action] for clip in clips)
        assert abs(at_home - 0.8 * len(clips)) <= 0.5


@pytest.mark.parametrize("split", SHIFTED_SPLITS)
def test_scene_and_prop_say_nothing_about_the_action_when_shifted(split):
    clips = clips_of(split)
    for action in ACTIONS:
        mine = [clip for clip in clips if clip.action == action]
        assert Counter(clip.scene for clip in mine) == dict.fromkeys(SCENES, 2)
        assert {1, 2} >= set(Counter(clip.prop for clip in mine).values())
    assert Counter(clip.prop for clip in clips) == {"none": 12, **dict.fromkeys(PROPS[1:], 9)}
    pairs = Counter((clip.scene, clip.prop) for clip in clips)
    assert max(pairs.values()) <= 4


def test_a_home_belongs_to_two_actions_at_most():
    assert max(Counter(HOME_SCENE.values()).values()) <= 2
    assert max(Counter(HOME_PROP.values()).values()) <= 2


def test_about_a_quarter_of_the_clips_have_no_prop():
    assert 0.2 < np.mean([clip.prop == "none" for clip in CLIPS]) < 0.35


def test_changing_the_scene_leaves_the_other_streams_alone():
    elsewhere = replace(WALKER, scene="gym")
    for aspect in ("person", "motion", "camera", "prop", "sensor"):
        assert WALKER.random_stream(aspect).random() == elsewhere.random_stream(aspect).random()
    assert WALKER.random_stream("scene").random() != elsewhere.random_stream("scene").random()


def test_one_person_looks_the_same_in_all_clips():
    boxing = replace(WALKER, action="boxing", take=2, scene="gym", prop="none")
    assert WALKER.random_stream("person").random() == boxing.random_stream("person").random()
    assert WALKER.random_stream("motion").random() != boxing.random_stream("motion").random()


def test_the_plan_is_the_same_every_time():
    assert planned_clips() == CLIPS


def test_paths_and_groups_follow_the_names():
    shifted = next(clip for clip in CLIPS if clip.clip_id == "walking_p17_shift_dev")
    assert (shifted.path, shifted.group, shifted.take) == ("walking/walking_p17_shift_dev.mp4", "p17", 1)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"scene": "moon"}, "clip 'walking_p03': scene 'moon' is unknown; use one of field, gym, room, street"),
        ({"n_frames": 1}, "clip 'walking_p03': n_frames is 1; a clip needs at least 2 frames"),
    ],
)
def test_a_clip_that_cannot_be_rendered_is_refused(change, sentence):
    with pytest.raises(ValueError, match="walking_p03") as error:
        replace(WALKER, **change)
    assert str(error.value) == sentence
