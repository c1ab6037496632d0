"""Who is who over a clip, and which person the clip is about."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from dance_core.poses.person import Person, largest_side

# A person moves less than this between neighbouring sampled frames, in longer sides of the box, and a little further
# with each frame that they were not seen in.
REACH = 0.5
REACH_PER_FRAME = 0.1
MAXIMUM_REACH = 1.0
MAXIMUM_GROWTH = 2.0
SHORTEST_TRACK = 3


@dataclass(eq=False)
class Track:
    """One person over the sampled frames of a clip.

    Attributes:
        members: The person at each position in the list of sampled frames where they were seen.
    """

    members: dict[int, Person] = field(default_factory=dict)

    @property
    def first(self) -> int:
        """Position of the first frame."""
        return min(self.members)

    @property
    def last(self) -> int:
        """Position of the last frame."""
        return max(self.members)

    def meets(self, other: "Track") -> bool:
        """Whether both were seen in one frame, so that they are two people."""
        return not self.members.keys().isdisjoint(other.members)


def link_people(people: Sequence[Sequence[Person]]) -> list[Track]:
    """Join the people of all frames into tracks.

    An estimator's own identities are kept; people without one go to the nearest track within reach.

    Args:
        people: The people of each sampled frame, in the order of time.

    Returns:
        Tracks in the order of their first frames.
    """
    tracks: list[Track] = []
    by_identity: dict[int, Track] = {}
    for position, present in enumerate(people):
        anonymous = []
        for person in present:
            if person.identity is None:
                anonymous.append(person)
            elif person.identity in by_identity:
                by_identity[person.identity].members.setdefault(position, person)
            else:
                by_identity[person.identity] = Track({position: person})
                tracks.append(by_identity[person.identity])
        tracks += _link(anonymous, tracks, position)
    return tracks


def _link(people: list[Person], tracks: list[Track], position: int) -> list[Track]:
    """Give each person of a frame to the nearest track that is free; return new tracks for the rest."""
    pairs = []
    for i, person in enumerate(people):
        for j, track in enumerate(tracks):
            if position not in track.members:
                distance = _distance(track.members[track.last], person, position - track.last)
                pairs.append((distance, j, i))
    taken_people, taken_tracks = set(), set()
    for distance, j, i in sorted(pairs):
        if distance <= 1 and i not in taken_people and j not in taken_tracks:
            tracks[j].members[position] = people[i]
            taken_people.add(i)
            taken_tracks.add(j)
    return [Track({position: person}) for i, person in enumerate(people) if i not in taken_people]


def _distance(earlier: Person, later: Person, frames: int) -> float:
    """How far two boxes are from being one person's, 1 being just possible, infinite where sizes differ too much."""
    sides = largest_side(earlier.box), largest_side(later.box)
    if not max(sides) <= MAXIMUM_GROWTH * min(sides):
        return np.inf
    reach = min(REACH + REACH_PER_FRAME * (frames - 1), MAXIMUM_REACH)
    moved = float(np.hypot(*(_centre(later.box) - _centre(earlier.box))))
    return moved / max(reach * max(sides), 1e-9)


def main_person(tracks: Sequence[Track], n_sampled: int, width: int, height: int) -> Track:
    """Pick the person that the clip is about: seen longest, largest, most central.

    The most prominent track is continued by the tracks that can be the same person: those that begin or end near it,
    or all that it never meets when the clip never shows two people at once (somebody who leaves and comes back).

    Args:
        tracks: All tracks of the clip.
        n_sampled: Number of sampled frames.
        width: Width of the picture in px.
        height: Height of the picture in px.

    Returns:
        The main person; without members when there is no track.
    """
    ranked = sorted(tracks, key=lambda track: -prominence(track, n_sampled, width, height))
    main = Track()
    alone = not _show_two_at_once(tracks)
    for track in ranked:
        if not main.members or (not main.meets(track) and (alone or _continues(main, track))):
            main = Track(main.members | track.members)
    return main


def prominence(track: Track, n_sampled: int, width: int, height: int) -> float:
    """Share of frames, times mean size, times mean nearness to the middle of the picture; each in [0, 1]."""
    boxes = np.stack([person.box for person in track.members.values()]).astype(np.float64)
    size = np.sqrt((boxes[:, 2:] - boxes[:, :2]).prod(axis=1) / (width * height))
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    middle = np.array([width, height]) / 2
    nearness = 1 - np.hypot(*(centre - middle).T) / np.hypot(*middle)
    return float(len(boxes) / n_sampled * np.nanmean(size) * np.nanmean(nearness))


def _show_two_at_once(tracks: Sequence[Track]) -> bool:
    """Whether two tracks, each too long for a slip of the estimator, meet."""
    lasting = [track for track in tracks if len(track.members) >= SHORTEST_TRACK]
    return any(track.meets(other) for i, track in enumerate(lasting) for other in lasting[:i])


def _continues(main: Track, track: Track) -> bool:
    """Whether a track begins near where the main person was last seen, or ends near where they come next."""
    before = [position for position in main.members if position < track.first]
    after = [position for position in main.members if position > track.last]
    ends = [(max(before), track.first)] if before else []
    ends += [(track.last, min(after))] if after else []
    everyone = main.members | track.members
    return any(_distance(everyone[start], everyone[end], end - start) <= 1 for start, end in ends)


def _centre(box: np.ndarray) -> np.ndarray:
    """Middle of a box x0, y0, x1, y1."""
    return (box[:2] + box[2:]) / 2
