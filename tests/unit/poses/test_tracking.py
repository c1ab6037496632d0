import numpy as np
import pytest

from dance_core.poses.tracking import Track, link_people, main_person, prominence
from tests.unit.poses.people import person


def tracks_of(*people_of_frame):
    return link_people(list(people_of_frame))


def middles(track):
    return [float(track.members[position].keypoints[0, 0]) for position in sorted(track.members)]


def test_people_without_identity_are_linked_to_the_nearest():
    tracks = tracks_of([person(100, 100), person(300, 100)], [person(290, 100), person(110, 100)])
    assert [middles(track) for track in tracks] == [[100, 110], [300, 290]]


def test_identities_of_the_estimator_are_kept_where_boxes_cross():
    tracks = tracks_of([person(100, 100, identity=1), person(120, 100, identity=2)], [person(120, 100, identity=1)])
    assert [middles(track) for track in tracks] == [[100, 120], [120]]


def test_a_person_beyond_reach_is_another():
    # Boxes of 100 px reach 50 px to the next frame, 60 px over one missing frame.
    assert len(tracks_of([person(100, 100)], [person(151, 100)])) == 2
    assert len(tracks_of([person(100, 100)], [], [person(159, 100)])) == 1


def test_a_box_of_another_size_is_another_person():
    assert len(tracks_of([person(100, 100, 100)], [person(100, 100, 201)])) == 2
    assert len(tracks_of([person(100, 100, 100)], [person(100, 100, 199)])) == 1


def test_prominence_is_length_times_size_times_nearness():
    track = Track({0: person(320, 240, 96), 1: person(320, 240, 96)})
    # 2 of 4 frames; a box of 96 x 96 in 640 x 480 px: side share sqrt(0.03); in the middle.
    assert prominence(track, 4, 640, 480) == pytest.approx(0.5 * np.sqrt(0.03))
    corner = Track({0: person(0, 0, 96), 1: person(0, 0, 96)})
    assert prominence(corner, 4, 640, 480) == pytest.approx(0)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([(320, 240, 100)] * 10, [(100, 240, 100)] * 10),  # more central
        ([(300, 240, 200)] * 10, [(340, 440, 100)] * 10),  # larger
        ([(300, 240, 100)] * 10, [(500, 240, 100)] * 6),  # longer
    ],
)
def test_main_person_is_longest_largest_most_central(first, second):
    people = [[person(*values)] for values in first]
    for frame, values in zip(people, second, strict=False):
        frame.insert(0, person(*values))
    main = main_person(link_people(people), 10, 640, 480)
    assert middles(main) == [values[0] for values in first]


def test_three_people_keep_their_identities_over_time():
    paths = (
        [(100 + 5 * t, 200, 80) for t in range(20)],
        [(320, 240, 160)] * 20,
        [(600 - 5 * t, 250, 80) for t in range(20)],
    )
    people = [[person(*path[t]) for path in (paths if t % 2 else paths[::-1])] for t in range(20)]
    tracks = link_people(people)
    assert len(tracks) == 3
    assert middles(main_person(tracks, 20, 640, 480)) == [320] * 20


def test_somebody_alone_who_leaves_and_comes_back_is_one_person():
    people = [[person(500, 240)]] * 4 + [[]] * 30 + [[person(100, 240)]] * 4
    main = main_person(link_people(people), len(people), 640, 480)
    assert sorted(main.members) == [0, 1, 2, 3, 34, 35, 36, 37]


def test_with_two_people_a_gap_is_bridged_only_by_who_stands_near():
    bystander = person(600, 240, 60)
    people = [[person(300, 240), bystander]] * 5 + [[bystander]] * 4 + [[person(320, 240), bystander]] * 5
    main = main_person(link_people(people), len(people), 640, 480)
    assert middles(main) == [300] * 5 + [320] * 5
    people = [[person(300, 240), bystander]] * 5 + [[bystander]] * 4 + [[person(60, 240), bystander]] * 4
    main = main_person(link_people(people), len(people), 640, 480)
    assert middles(main) == [300] * 5


def test_a_slip_of_two_frames_is_no_second_person():
    people = [[person(500, 240)]] * 6 + [[]] + [[person(100, 240)]] * 6
    people[2] = [person(500, 240), person(40, 40, 50)]
    main = main_person(link_people(people), len(people), 640, 480)
    assert len(main.members) == 12


def test_nobody_is_a_track_without_members():
    assert main_person([], 5, 640, 480).members == {}
