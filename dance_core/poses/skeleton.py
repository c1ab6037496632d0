"""The 17 COCO key points: their names, the bones between them and the left-right pairs."""

KEYPOINTS: tuple[str, ...] = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)

BONES: tuple[tuple[int, int], ...] = (
    (5, 7),
    (7, 9),
    (6, 8),
    (8, 10),
    (5, 6),
    (5, 11),
    (6, 12),
    (11, 12),
    (11, 13),
    (13, 15),
    (12, 14),
    (14, 16),
    (0, 5),
    (0, 6),
)

# Key point i of a mirrored picture is key point MIRROR[i] of the picture.
MIRROR: tuple[int, ...] = (0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15)

# Shoulders, elbows, wrists, hips, knees and ankles: what actions are told from, without the face.
BODY: tuple[int, ...] = tuple(range(5, 17))

LEFT_COLOUR = "#e4572e"
RIGHT_COLOUR = "#17a398"
MIDDLE_COLOUR = "#f3a712"


def bone_colour(bone: tuple[int, int]) -> str:
    """Colour of a bone by its side of the body.

    Args:
        bone: Two indices into `KEYPOINTS`.

    Returns:
        Hexadecimal RGB: left, right, or middle where the bone joins both sides.
    """
    sides = {KEYPOINTS[joint].split("_")[0] for joint in bone}
    if sides == {"left"}:
        return LEFT_COLOUR
    return RIGHT_COLOUR if sides == {"right"} else MIDDLE_COLOUR
