"""Published data sets: from the official layout to a manifest through the workflow, and a video that comes later."""

from dance_core.tables import read_table
from tests.unit.datasets import layouts


def test_a_data_set_with_further_test_sets_is_listed_and_probed(project, tmp_path):
    source = layouts.ucf101(tmp_path / "ucf")
    lost = source / "UCF-101" / "YoYo" / "v_YoYo_g01_c01.avi"
    lost.unlink()
    tests = (
        f"{{scuba_places: {layouts.scuba(tmp_path / 'scuba')}, mimetics: {layouts.mimetics(tmp_path / 'mimetics')}}}"
    )
    settings = ["--configfile", "configs/ucf101.yaml", "--config", f"source={source}", f"data={{extra_tests: {tests}}}"]
    target = ["--cores", "2", "--set-scatter", "clips=1", "--", "results/ucf101/manifest.parquet"]
    run = project.run(*settings, *target)
    assert run.returncode == 0, run.stdout
    manifest = read_table(project.folder / "results" / "ucf101" / "manifest.parquet")
    ok = manifest[manifest["status"] == "ok"]["split"].value_counts().to_dict()
    assert ok == {"train": 6, "val": 3, "test": 2, "scuba_places": 4, "mimetics": 1}
    log = (project.folder / "logs" / "ucf101" / "manifest.log").read_text("utf-8")
    assert "split test: 1 of 3 clips are not there and left out" in log
    assert "split mimetics: 1 of 2 clips are not there and left out" in log

    assert "Nothing to be done" in project.run(*settings, *target).stdout
    layouts.write_video(lost)
    again = project.run("--dry-run", *settings, *target)
    assert "Listing the clips of ucf101" in again.stdout
