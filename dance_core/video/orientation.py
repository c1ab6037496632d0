"""Pictures upright, as the header of a file says they are to be seen."""

from typing import Any

import numpy as np
from av.sidedata.sidedata import SideDataContainer
from av.sidedata.sidedata import Type as SideDataType
from av.video.frame import VideoFrame

UPRIGHT = (1, 0, 0, 1)
# Display matrices of a turn by 0, 90, 180 and 270 degrees, counter-clockwise.
QUARTER_TURNS = (UPRIGHT, (0, -1, 1, 0), (-1, 0, 0, -1), (0, 1, -1, 0))


def display_matrix(frame: VideoFrame) -> tuple[int, int, int, int]:
    """Read how a frame is to be turned for display.

    Args:
        frame: Any frame of a stream; the header of the file gives all of them the same matrix.

    Returns:
        Signs (a, b, c, d): the pixel at column p and row q is to be seen at column a·p + c·q and row b·p + d·q.
    """
    listing: Any = SideDataContainer  # PyAV's own hints for it are wrong
    try:
        # Not frame.side_data: the frame would keep what it gives, which keeps the frame, and both would lie in memory
        # until Python next looks for such circles, which is hundreds of clips later.
        side_data = listing(frame)
    except ValueError:  # it knows fewer kinds of side data than FFmpeg writes
        return QUARTER_TURNS[round(frame.rotation / 90) % 4]
    matrix = next((data for data in side_data if data.type is SideDataType.DISPLAYMATRIX), None)
    if matrix is None:
        return UPRIGHT
    a, b, _, c, d = np.sign(np.frombuffer(bytes(matrix), np.int32)[:5]).tolist()
    return a, b, c, d


def upright(picture: np.ndarray, matrix: tuple[int, int, int, int]) -> np.ndarray:
    """Turn and mirror a picture.

    Args:
        picture: Stored picture, shape (height, width, 3).
        matrix: Signs of the display matrix. Cameras write multiples of 90 degrees and mirrors, so either a and d or
            b and c are zero; anything between is shown as it is stored.

    Returns:
        The picture as it is to be seen.
    """
    a, b, c, d = matrix
    if not (a or d):
        return np.ascontiguousarray(picture.transpose(1, 0, 2)[:: b or 1, :: c or 1])
    if not (b or c):
        return np.ascontiguousarray(picture[:: d or 1, :: a or 1])
    return picture
