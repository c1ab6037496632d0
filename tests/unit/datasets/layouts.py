"""Published data sets in miniature: tiny clips in exactly the folders, names and lists of the official downloads."""

from pathlib import Path

import av
import numpy as np
from PIL import Image
from scipy.io import savemat

SIZE = (48, 64, 3)
KTH_HEAD = (
    "\nThis database contains sequences of six classes of actions performed by\n25 subjects in four different "
    "conditions (see below).\n\nTraining:   person11, 12, 13, 14, 15, 16, 17, 18\n"
    "Validation: person19, 20, 21, 23, 24, 25, 01, 04\nTest:       person22, 02, 03, 05, 06, 07, 08, 09, 10 \n\n\n"
)
KTH_PEOPLE = {"11": "train", "12": "train", "01": "val", "22": "test"}
PENN = {
    "0001": ("tennis_serve", -1),
    "0002": ("tennis_serve", 1),
    "0003": ("tennis_serve", 1),
    "0004": ("squat", -1),
    "0005": ("squat", 1),
    "0006": ("squat", 1),
    "0007": ("tennis_serve", 1),
    "0008": ("squat", 1),
}
UCF_CLASSES = ("ApplyEyeMakeup", "HandstandPushups", "YoYo")
UCF_GROUPS = {"train": ("08", "09", "10"), "test": ("01",)}
HMDB_CLIPS = {
    "brush_hair": (
        "April_09_brush_hair_u_nm_np1_ba_goo_0.avi 1",
        "April_09_brush_hair_u_nm_np1_ba_goo_1.avi 1",
        "Silky Straight Hair_original_brush_hair_h_nm_np1_fr_goo_0.avi 1",
        "#Trick_brush_hair_u_cm_np1_fr_med_0.avi 2",
        "Prelinger_brush_hair_h_nm_np1_le_goo_0.avi 0",
    ),
    "sit": (
        "April_09_sit_u_nm_np1_ba_goo_0.avi 2",
        "Crash_sit_f_cm_np1_ri_med_4.avi 1",
        "(Rad)Bank!_sit_f_cm_np1_ri_med_0.avi 1",
    ),
}


def write_video(path: Path, n_frames: int = 12) -> None:
    """Write a video in which everything is a little brighter in every frame."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.height, stream.width = SIZE[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for number in range(n_frames):
            frame = av.VideoFrame.from_ndarray(np.full(SIZE, 4 * number, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_pictures(folder: Path, n_frames: int = 12, name: str = "{:06d}.jpg") -> None:
    folder.mkdir(parents=True)
    for number in range(n_frames):
        Image.fromarray(np.full(SIZE, 4 * number, np.uint8)).save(folder / name.format(number + 1))


def write_text(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def kth(folder: Path) -> Path:
    """Four people, two actions, three clips a video; one video is missing in the original, one was not unpacked."""
    lines = []
    for person in sorted(KTH_PEOPLE):
        for action in ("boxing", "walking"):
            name = f"person{person}_{action}_d1"
            lines.append(f"{name}\t\tframes\t1-8, 9-16, 17-24\n")
            if name != "person12_walking_d1":
                write_video(folder / action / f"{name}_uncomp.avi", 24)
    lines.append("person13_boxing_d3\t*missing*\n")
    write_text(folder / "00sequences.txt", KTH_HEAD + "".join(lines))
    return folder


def penn_action(folder: Path, skip: tuple[str, ...] = ("0003",)) -> Path:
    for clip, (action, train) in PENN.items():
        if clip not in skip:
            write_pictures(folder / "frames" / clip)
        (folder / "labels").mkdir(parents=True, exist_ok=True)
        savemat(folder / "labels" / f"{clip}.mat", {"action": action, "train": train, "nframes": 12})
    return folder


def ucf101(folder: Path, split: int = 1) -> Path:
    """Three classes, four groups of one clip each; the lists have the line ends of the original."""
    lists = folder / "ucfTrainTestlist"
    write_text(lists / "classInd.txt", "".join(f"{i} {name}\r\n" for i, name in enumerate(UCF_CLASSES, 1)))
    for part, groups in UCF_GROUPS.items():
        lines = []
        for number, label in enumerate(UCF_CLASSES, 1):
            for group in groups:
                # One class of the original writes its files otherwise than its folder.
                name = f"v_{label.replace('HandstandPushups', 'HandStandPushups')}_g{group}_c01.avi"
                lines.append(f"{label}/{name} {number}\r\n" if part == "train" else f"{label}/{name}\r\n")
                write_video(folder / "UCF-101" / label / name)
        write_text(lists / f"{part}list{split:02d}.txt", "".join(lines))
    return folder


def hmdb51(folder: Path, split: int = 1, videos: str = "", lists: str = "testTrainMulti_7030_splits") -> Path:
    for label, lines in HMDB_CLIPS.items():
        text = "".join(f"{line} \n" for line in lines)
        write_text(folder / lists / f"{label}_test_split{split}.txt", text)
        for line in lines:
            write_video(folder / videos / label / line.rpartition(" ")[0])
    return folder


def scuba(folder: Path) -> Path:
    """Pictures of two clips of UCF-101 on two backgrounds each, and their list."""
    lines = []
    for label, group in (("HandStandPushups", "01"), ("YoYo", "01")):
        for background in range(2):
            name = f"v_{label}_g{group}_c01__{background}"
            write_pictures(folder / "generated_videos" / name, 4, "frame{:06d}.jpg")
            lines.append(f"{name} 4 {1 if label.startswith('Hand') else 2}\n")
    write_text(folder / "testlist01.txt", "".join(lines))
    return folder


def mimetics(folder: Path) -> Path:
    """Two clips of a class that UCF-101 has too, one of them not downloaded, and one of another class."""
    head = "label,youtube_id,time_start,time_end,split,is_cc\n"
    text = head + "yo yo,a-_B4567890,3,9,test,0\nyo yo,b1234567890,0,10,test,0\nopening bottle,c1234567890,1,5,test,0\n"
    write_text(folder / "mimetics_v1.0.csv", text)
    write_video(folder / "data" / "yo yo" / "a-_B4567890_000003_000009.mp4")
    return folder
