"""The log of requests, read by the commands that use it."""

from __future__ import annotations

import asyncio
import json
import stat

import numpy as np

from components.drift_validator.request_log import profile_requests
from components.evaluator.delayed_labels.prediction import Prediction
from components.exporter.validator.probe.values import strings
from components.serving.server.engine import Engine, PredictRequest
from components.serving.server.request_log import RequestLog

TEXTS = [b"Joe Biden\0 visited Paris \xff", b"", b"Kyiv"]


def logged(tagger_folder, file, requests, share=1.0, most_bytes=1_000_000):
    """Sends requests (signature, inputs, outputs) to an engine with a log; returns the lines."""

    async def run():
        log = RequestLog(file, share, most_bytes)
        engine = Engine(log=log)
        await engine.update("ner", {1: tagger_folder}, {})
        for signature, inputs, outputs in requests:
            answer = await engine.predict(PredictRequest("ner", None, None, signature, inputs, outputs))
            assert not outputs or {*answer.outputs} == {*outputs}
        log.close()

    asyncio.run(run())
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_logged_request_is_read_by_drift_and_by_the_evaluation_with_labels(tagger_folder, tmp_path):
    keyed = {"sentence": strings(TEXTS), "key": strings([b"a", b"", b"c"])}
    forward = {"sentence": strings([b"Xi Jinping"]), "source": strings([b"news"]), "tax": np.array([0.5], np.float32)}
    file = tmp_path / "requests.jsonl"
    lines = logged(tagger_folder, file, [("keyed", keyed, ("tags",)), ("feature_forward", forward, ())])
    assert [line["sentence"] for line in lines] == ["Joe Biden\ufffd visited Paris \ufffd", "", "Kyiv", "Xi Jinping"]
    assert [lines[0]["key"], lines[2]["key"]] == ["a", "c"]
    assert len({line["key"] for line in lines}) == 4  # empty and absent keys are generated
    assert lines[2]["tags"] == ["B-LOCATION"]  # without padding
    assert (lines[3]["source"], lines[3]["tax"]) == ("news", 0.5)
    assert profile_requests(file).sentences == 4
    predictions = [Prediction.from_record(line, "requests.jsonl:1") for line in lines]
    assert predictions[0].tokens[0] == "Joe"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_share_of_the_requests_is_logged_and_the_file_is_rotated(tagger_folder, tmp_path):
    request = ("", {"sentence": strings([b"Joe Biden visited Paris"])}, ())
    file = tmp_path / "requests.jsonl"
    rows = ("", {"sentence": strings(["Joe Biden visited Málaga, Γειά".encode()] * 9)}, ())  # more than one file holds
    logged(tagger_folder, file, [rows] * 9, most_bytes=2000)
    files = sorted(tmp_path.glob("requests.jsonl*"))
    assert [each.name for each in files][:2] == ["requests.jsonl", "requests.jsonl.1"]
    assert all(each.stat().st_size <= 2000 and stat.S_IMODE(each.stat().st_mode) == 0o600 for each in files)
    lines = logged(tagger_folder, tmp_path / "sampled", [request] * 200, share=0.25)
    assert 20 < len(lines) < 85  # 5 standard deviations around 50
