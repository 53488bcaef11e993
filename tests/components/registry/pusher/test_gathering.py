"""Facts of a run for the registry."""

from __future__ import annotations

from components.registry.pusher.gathering import REPORT_KEY, TUNER_RESULTS_KEY, gather


def test_the_trials_of_a_run_without_a_report_are_kept_as_a_file(tmp_path):
    for folder, file in (("trials", "tuner_results.json"), ("report", "trials.csv")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / file).touch()
    folders = {TUNER_RESULTS_KEY: tmp_path / "trials"}
    stopped = gather(folders, params={}, epochs=0, tags={}).record
    assert [file.name for file in stopped.files] == ["tuner_results.json"]
    finished = gather({**folders, REPORT_KEY: tmp_path / "report"}, params={}, epochs=0, tags={}).record
    assert [file.name for file in finished.files] == ["trials.csv"]
