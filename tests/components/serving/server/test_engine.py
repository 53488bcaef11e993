"""Requests to served versions."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from components.exporter.validator.probe.values import strings
from components.serving.server.engine import Engine, PredictRequest
from components.serving.server.errors import InvalidArgumentError, NotFoundError

TEXTS = [b"Joe Biden went to Paris France", b"", b"Joe Biden visited Paris"]


def request(signature="", version=None, label=None, model="ner", **inputs):
    values = {name: strings(value) for name, value in (inputs or {"sentence": TEXTS}).items()}
    return PredictRequest(model, version, label, signature, values)


def served(tagger_folder, test, **labels):
    """Runs a coroutine function with an engine that serves versions 1 and 2."""

    async def run():
        engine = Engine()
        await engine.update("ner", {1: tagger_folder, 2: tagger_folder}, labels)
        return await test(engine)

    return asyncio.run(run())


def test_a_request_is_answered_by_the_champion_unless_it_names_another_version(tagger_folder):
    async def test(engine):
        chosen = [{}, {"version": 2}, {"label": "candidate"}, {"label": "champion"}]
        return [await engine.predict(request(**choice)) for choice in chosen]

    answers = served(tagger_folder, test, champion=1, candidate=2)
    assert [answer.version for answer in answers] == [1, 2, 2, 1]
    tags = answers[0].outputs["tags"]
    assert tags[0].tolist() == [b"B-NAME", b"I-NAME", b"OUT", b"OUT", b"B-LOCATION", b"I-LOCATION"]
    assert set(tags[1]) == {b"[PAD]"}


def test_keys_come_back_with_the_answer(tagger_folder):
    async def test(engine):
        return await engine.predict(request("keyed", sentence=TEXTS, key=[b"b", b"\xff", b"b"]))

    assert served(tagger_folder, test).outputs["key"].tolist() == [b"b", b"\xff", b"b"]


@pytest.mark.parametrize(
    ("choice", "error", "text"),
    [
        ({"model": "ner2"}, NotFoundError, "no model 'ner2'. Served: ner"),
        ({"version": 9}, NotFoundError, r"no version 9 is available. Available: 1, 2, champion \(1\)"),
        ({"label": "best"}, NotFoundError, "no label 'best'. Available: 1, 2"),
        ({"signature": "tag"}, NotFoundError, "no signature 'tag'. Use one of feature_forward, keyed"),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(tagger_folder, choice, error, text):
    async def test(engine):
        with pytest.raises(error, match=text):
            await engine.predict(request(**choice))

    served(tagger_folder, test, champion=1)


def test_a_request_that_the_model_refuses_is_an_invalid_argument(tagger_folder):
    async def test(engine):
        with pytest.raises(InvalidArgumentError, match="Could not parse example"):
            await engine.predict(request("serving_examples", examples=[b"no example"]))

    served(tagger_folder, test)


def test_a_version_is_described_by_its_signatures_labels_and_contract(tagger_folder):
    async def test(engine):
        return engine.models(), engine.signatures("ner", label="champion"), engine.statuses("ner")

    models, version, statuses = served(tagger_folder, test, champion=2, candidate=2)
    assert models == ["ner"]
    assert (version.number, version.labels) == (2, ("candidate", "champion"))
    assert version.signatures["keyed"].inputs["key"].dtype == "string"
    assert version.contract.max_characters == 1_000_000
    assert {*version.definitions} == {*version.signatures, "__saved_model_init_op"}
    assert version.definitions["keyed"].inputs["key"].dtype == version.signatures["keyed"].inputs["key"].number
    assert [(each.version, each.state) for each in statuses] == [(2, "AVAILABLE"), (1, "AVAILABLE")]


def test_a_damaged_version_is_reported_and_the_others_answer(tagger_folder, tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"damaged")

    async def test():
        engine = Engine()
        await engine.update("ner", {1: tagger_folder, 2: tmp_path}, {"champion": 1, "candidate": 2})
        status = engine.statuses("ner", 2)[0]
        assert (status.state, status.code) == ("END", "INTERNAL")
        assert "saved_model.pb" in status.message
        answer = await engine.predict(request())
        assert answer.version == 1
        assert isinstance(answer.outputs["scores"], np.ndarray)

    asyncio.run(test())
