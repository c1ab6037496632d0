"""Who does what where: the plan of the demo data set.

A clip is a handful of named choices. Each choice has its own random stream, so that changing one of them (the scene,
say) leaves the person, the motion and the camera exactly as they were.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

ACTIONS = ("walking", "jogging", "running", "boxing", "handwaving", "handclapping")
SCENES = ("field", "gym", "room", "street")
PROPS = ("none", "ball", "bench", "punching bag", "umbrella")
TRAVELLING = ("walking", "jogging", "running")
HOME_SCENE = {
    "walking": "street",
    "jogging": "field",
    "running": "field",
    "boxing": "gym",
    "handwaving": "street",
    "handclapping": "room",
}
HOME_PROP = {
    "walking": "bench",
    "jogging": "none",
    "running": "ball",
    "boxing": "punching bag",
    "handwaving": "umbrella",
    "handclapping": "none",
}
PEOPLE = {"train": range(1, 13), "val": range(13, 17), "test": range(17, 25)}
SHIFTED_SPLITS = ("shift_dev", "shift_test")
SHARE_AWAY_FROM_HOME = 0.2
FRAMES_PER_SECOND = 25

_SEED = 2025
_ASPECTS = ("person", "motion", "camera", "scene", "prop", "length", "sensor", "plan")
_SHORTEST, _LONGEST = 50, 65
_SHIFTED_PROPS = (2, 1, 1, 1, 1)  # per action, before the two props that come twice
_TRIALS = 400


@dataclass(frozen=True)
class Clip:
    """One clip to render.

    Attributes:
        clip_id: Name of the clip and of its file.
        person: Number of the person, from 1; fixes body, face, hair and clothes.
        action: One of ACTIONS.
        scene: One of SCENES.
        prop: One of PROPS.
        split: Split of the manifest; has no effect on the pictures.
        take: Number of the recording; another take is another motion, camera and scene of the same kinds.
        n_frames: Length in frames.
    """

    clip_id: str
    person: int
    action: str
    scene: str
    prop: str
    split: str
    take: int = 0
    n_frames: int = 57

    def __post_init__(self) -> None:
        """Refuse names that no module can render.

        Raises:
            ValueError: Action, scene or prop is unknown, or the clip has fewer than two frames.
        """
        for name, value, known in (
            ("action", self.action, ACTIONS),
            ("scene", self.scene, SCENES),
            ("prop", self.prop, PROPS),
        ):
            if value not in known:
                raise ValueError(f"clip '{self.clip_id}': {name} '{value}' is unknown; use one of {', '.join(known)}")
        if self.n_frames < 2:
            raise ValueError(f"clip '{self.clip_id}': n_frames is {self.n_frames}; a clip needs at least 2 frames")

    @property
    def group(self) -> str:
        """Name of the person, such as "p03"."""
        return f"p{self.person:02d}"

    @property
    def path(self) -> str:
        """Path of the video, relative to the folder of the data set."""
        return f"{self.action}/{self.clip_id}.mp4"

    def random_stream(self, aspect: str) -> np.random.Generator:
        """Start the random stream of one aspect of the clip.

        Args:
            aspect: One of person, motion, camera, scene, prop, sensor.

        Returns:
            A generator that depends on that aspect alone: the stream of the camera is the same in every scene.
        """
        keys = {
            "person": [self.person],
            "scene": [*self._recording, SCENES.index(self.scene)],
            "prop": [*self._recording, PROPS.index(self.prop)],
        }
        return _stream(aspect, keys.get(aspect, self._recording))

    @property
    def _recording(self) -> list[int]:
        return [self.person, ACTIONS.index(self.action), self.take]


def _stream(aspect: str, keys: Sequence[int]) -> np.random.Generator:
    return np.random.default_rng([_SEED, _ASPECTS.index(aspect), *keys])


def _quotas(n_people: int) -> list[int]:
    """Spread the clips that leave home evenly over the actions, so that the sum is right to half a clip."""
    ends = [round(SHARE_AWAY_FROM_HOME * n_people * step) for step in range(len(ACTIONS) + 1)]
    return [end - start for start, end in pairwise(ends)]


def _mostly_home(home: str, choices: Sequence[str], n_people: int, n_away: int, rng: np.random.Generator) -> list[str]:
    others = [choice for choice in choices if choice != home]
    rng.shuffle(others)
    values = [others[i % len(others)] for i in range(n_away)] + [home] * (n_people - n_away)
    return [values[i] for i in rng.permutation(n_people)]


def _clip(person: int, action: str, scene: str, prop: str, split: str, take: int) -> Clip:
    name = f"{action}_p{person:02d}" + (f"_{split}" if take else "")
    length = _stream("length", [person, ACTIONS.index(action), take]).integers(_SHORTEST, _LONGEST + 1)
    return Clip(name, person, action, scene, prop, split, take, int(length))


def _home_clips(split: str) -> list[Clip]:
    people = PEOPLE[split]
    rng = _stream("plan", [list(PEOPLE).index(split)])
    quotas = _quotas(len(people))
    clips = []
    for i, action in enumerate(ACTIONS):
        # Scene and prop leave home in different actions' larger quotas, hence the reversed order.
        scenes = _mostly_home(HOME_SCENE[action], SCENES, len(people), quotas[i], rng)
        props = _mostly_home(HOME_PROP[action], PROPS, len(people), quotas[-1 - i], rng)
        clips += [_clip(p, action, s, o, split, 0) for p, s, o in zip(people, scenes, props, strict=True)]
    return clips


def _imbalance(first: np.ndarray, second: np.ndarray) -> float:
    """Chi-square of two integer labels against independence: zero when they are perfectly crossed."""
    table = np.zeros((first.max() + 1, second.max() + 1))
    np.add.at(table, (first, second), 1)
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / table.sum()
    return float(((table - expected) ** 2 / expected).sum())


def _shifted_props(action: int, n_people: int) -> list[int]:
    """Props of one action: none twice, and two of the four others twice, so that six actions use all four alike."""
    twice = [(0, 1), (2, 3), (0, 2), (1, 3), (0, 3), (1, 2)][action % 6]
    counts = [n + (prop - 1 in twice) for prop, n in enumerate(_SHIFTED_PROPS)]
    return [prop for prop, n in enumerate(counts) for _ in range(n)][:n_people]


def _shifted_clips(split: str) -> list[Clip]:
    """Cross scene and prop with the action and the person as evenly as a search over shuffles finds."""
    people = PEOPLE["test"]
    take = 1 + SHIFTED_SPLITS.index(split)
    rng = _stream("plan", [10 + take])
    person = np.tile(np.arange(len(people)), len(ACTIONS))

    def shuffled() -> tuple[np.ndarray, np.ndarray]:
        scene = [rng.permutation(np.arange(len(people)) % len(SCENES)) for _ in ACTIONS]
        prop = [rng.permutation(_shifted_props(action, len(people))) for action in range(len(ACTIONS))]
        return np.concatenate(scene), np.concatenate(prop)

    def unevenness(scenes_and_props: tuple[np.ndarray, np.ndarray]) -> float:
        scene, prop = scenes_and_props
        return _imbalance(scene, prop) + 0.2 * _imbalance(person, scene) + 0.2 * _imbalance(person, prop)

    scene, prop = min((shuffled() for _ in range(_TRIALS)), key=unevenness)
    cells = zip(np.repeat(ACTIONS, len(people)), person, scene, prop, strict=True)
    return [_clip(people[p], str(a), SCENES[s], PROPS[o], split, take) for a, p, s, o in cells]


def planned_clips() -> list[Clip]:
    """List every clip of the demo data set.

    In train, val and test the scene and the prop are the home of the action for 80 % of the clips of each split; in
    shift_dev and shift_test they are crossed with the action, so that neither says anything about it.

    Returns:
        240 clips, sorted by clip id.
    """
    clips = [clip for split in PEOPLE for clip in _home_clips(split)]
    clips += [clip for split in SHIFTED_SPLITS for clip in _shifted_clips(split)]
    return sorted(clips, key=lambda clip: clip.clip_id)
