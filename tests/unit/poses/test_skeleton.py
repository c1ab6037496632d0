from dance_core.poses.skeleton import (
    BODY,
    BONES,
    KEYPOINTS,
    LEFT_COLOUR,
    MIDDLE_COLOUR,
    MIRROR,
    RIGHT_COLOUR,
    bone_colour,
)


def test_mirror_exchanges_left_and_right_only():
    for joint, twin in enumerate(MIRROR):
        name = KEYPOINTS[joint]
        swapped = name.replace("left", "?").replace("right", "left").replace("?", "right")
        assert KEYPOINTS[twin] == swapped


def test_bones_are_symmetric():
    bones = {frozenset(bone) for bone in BONES}
    assert {frozenset(MIRROR[joint] for joint in bone) for bone in bones} == bones


def test_body_is_all_but_the_face():
    assert [KEYPOINTS[joint] for joint in BODY][:2] == ["left_shoulder", "right_shoulder"]
    assert len(BODY) == 12


def test_bone_colour_follows_the_side():
    assert bone_colour((5, 7)) == LEFT_COLOUR
    assert bone_colour((6, 8)) == RIGHT_COLOUR
    assert bone_colour((5, 6)) == MIDDLE_COLOUR
    assert bone_colour((0, 5)) == MIDDLE_COLOUR
