"""Time a frame of the stage: a whole clip of each action on one core, and its encoding.

Needs the optional extra `stage` (`make stage`); says so and ends where it is not installed.
"""

import tempfile
import time
from pathlib import Path

from dance_core.stage import ACTIONS, planned_clips


def main() -> None:
    """Print milliseconds per frame and bytes per clip."""
    try:
        from dance_core.stage import BodyModel, render_clip
        from dance_core.stage.extras import require
        from dance_core.stage.writing import write_video

        require("torch").set_num_threads(1)
        require("cv2").setNumThreads(1)
        body = BodyModel()
    except ImportError as missing:
        print(missing)
        return
    clips = [next(clip for clip in planned_clips() if clip.action == action) for action in ACTIONS]
    render_clip(clips[0], body)  # compiles the kernels
    print(f"{'clip':<18}{'scene':<8}{'render ms/frame':>16}{'encode ms/frame':>17}{'bytes':>9}")
    for clip in clips:
        start = time.process_time()
        rendered = render_clip(clip, body)
        middle = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "clip.mp4"
            write_video(path, rendered.frames)
            end, size = time.process_time(), path.stat().st_size
        shares = [1000.0 * seconds / clip.n_frames for seconds in (middle - start, end - middle)]
        print(f"{clip.clip_id:<18}{clip.scene:<8}{shares[0]:>16.1f}{shares[1]:>17.1f}{size:>9}")


if __name__ == "__main__":
    main()
