"""Penn Action: 2326 clips of 15 sports as folders of pictures, with a .mat file of annotations each.

Source:
    Zhang, Zhu, Derpanis: From Actemes to Action, ICCV 2013.
"""

from pathlib import Path

from dance_core.datasets.files import place_of, relative_path
from dance_core.datasets.settings import ClipRow, Origin, ReaderOptions

ORIGIN = Origin(
    "Penn Action",
    "https://dreamdragon.github.io/PennAction",
    "the folders frames and labels of Penn_Action.tar.gz",
)
# The pictures carry no rate; the videos that they come from have about this one.
FPS = 30


def rows(source: Path, options: ReaderOptions) -> list[ClipRow]:
    """List the clips of Penn Action; val is left to be drawn from train, since the data set has none.

    Args:
        source: Folder of frames/0001/000001.jpg and labels/0001.mat, or the one that holds it as Penn_Action.
        options: Where the labels are, where not there.

    Returns:
        A clip for each .mat file, named by its number, so that annotated poses are found by it.

    Raises:
        ValueError: The folders are absent, or a .mat file is damaged.
    """
    places = (source, source / "Penn_Action")
    frames = place_of(places, ("frames",), ORIGIN)
    labels = options.annotations or place_of(places, ("labels",), ORIGIN)
    files = sorted(labels.glob("[0-9]*.mat"))
    if not files:
        place_of((labels,), ("0001.mat",), ORIGIN)
    start = relative_path(frames, source)
    return [
        ClipRow(file.stem, f"{start}/{file.stem}#fps={FPS}", action, split, "")
        for file in files
        for action, split in (_action_and_split(file),)
    ]


def _action_and_split(path: Path) -> tuple[str, str]:
    """Read what a clip shows, and whether the authors train on it (1) or test (-1)."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        content = loadmat(path, variable_names=("action", "train"))
        action, train = str(content["action"].ravel()[0]).strip(), int(content["train"].ravel()[0])
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, NotImplementedError, MatReadError) as error:
        raise ValueError(f"{path}: not a Penn Action annotation ({error!r}); it needs action and train") from error
    if train not in (1, -1) or not action:
        raise ValueError(f"{path}: action is '{action}' and train is {train}; expected a name, and 1 or -1 (test)")
    return action, "train" if train == 1 else "test"
