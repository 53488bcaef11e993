"""Versions that come and go while requests are answered."""

from __future__ import annotations

import asyncio
import json
import os
import shutil

import pytest

from components.common.errors import NerError
from components.exporter.validator.probe.values import strings
from components.keys import ASSETS_EXTRA, GOLDEN_FILE
from components.registry.serving_directory.serving_directory import MODELS_CONFIG, write_models_config
from components.serving.server.access_log import open_access_log
from components.serving.server.engine import Engine, PredictRequest
from components.serving.server.following import Follower, serving_folder, single_folder
from components.serving.server.settings import ServerSettings

REQUEST = PredictRequest("ner", None, None, "", {"sentence": strings([b"Joe Biden went to Paris"])})


@pytest.fixture
def base(tagger_folder, tmp_path):
    """Serving directory with the versions 1 to 3; version 1 is the champion."""
    for number in (1, 2, 3):
        shutil.copytree(tagger_folder, tmp_path / "serving" / "ner" / str(number), copy_function=os.link)
    promote(tmp_path / "serving", champion=1)
    return tmp_path / "serving"


def promote(base, **labels):
    write_models_config(base, "ner", labels.values(), labels)


async def started(base):
    engine = Engine(ServerSettings())
    follower = Follower(engine, serving_folder(base, "ner"), 0.02)
    await follower.start()
    return engine, asyncio.create_task(follower.follow())


async def until(condition, seconds=20):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def states(engine):
    return {each.version: each.state for each in engine.statuses("ner")}


def damage_golden(folder):
    """Makes the model differ from the answers that it gave when it was exported."""
    file = folder / ASSETS_EXTRA / GOLDEN_FILE
    document = json.loads(file.read_text())
    document["requests"][0]["outputs"]["tags"][0][0] = "B-OTHER"
    file.unlink()  # the file is shared with the other versions
    file.write_text(json.dumps(document))


def test_promotions_and_rollbacks_under_load_fail_no_request(base):
    async def test():
        engine, task = await started(base)
        answered, stop = [], False

        async def load():
            while not stop:
                answered.append((await engine.predict(REQUEST)).version)

        clients = [asyncio.create_task(load()) for _ in range(8)]
        for champion, previous in [(2, 1), (3, 2), (2, 3), (3, 2)]:
            promote(base, champion=champion, previous=previous)
            await until(lambda champion=champion: engine.labels("ner").get("champion") == champion)
            await until(lambda champion=champion: answered[-1] == champion)
        stop = True
        await asyncio.gather(*clients)
        assert {1, 2, 3} == {*answered}
        await until(lambda: states(engine) == {1: "END", 2: "AVAILABLE", 3: "AVAILABLE"})
        task.cancel()

    asyncio.run(test())


def test_a_version_whose_answers_differ_from_the_embedded_ones_is_not_switched_to(base, tmp_path):
    damage_golden(base / "ner" / "2")
    open_access_log(tmp_path / "access.log")

    async def test():
        engine, task = await started(base)
        promote(base, champion=2, previous=1)
        await until(lambda: states(engine).get(2) == "END")
        assert engine.labels("ner")["champion"] == 1
        assert (await engine.predict(REQUEST)).version == 1
        status = engine.statuses("ner", 2)[0]
        assert "B-OTHER" in status.message
        assert "when it was exported" in status.message
        # A repair of the folder is noticed.
        shutil.copytree(base / "ner" / "3", base / "ner" / "new")
        (base / "ner" / "2").rename(base / "ner" / "old")
        (base / "ner" / "new").rename(base / "ner" / "2")
        await until(lambda: engine.labels("ner")["champion"] == 2)
        assert states(engine) == {1: "AVAILABLE", 2: "AVAILABLE"}
        task.cancel()

    asyncio.run(test())
    events = [json.loads(line) for line in (tmp_path / "access.log").read_text().splitlines()]
    assert [event["event"] for event in events if event["event"] == "version_refused"] == ["version_refused"]


@pytest.mark.parametrize("broken", ["variables/variables.data-00000-of-00001", "saved_model.pb"])
def test_a_damaged_champion_stops_the_start_with_its_folder(base, broken):
    file = base / "ner" / "1" / broken
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(NerError, match=r"ner/1: .*(saved_model\.pb cannot be read|differs from the exported file)"):
        asyncio.run(started(base))


def test_a_damaged_models_config_leaves_everything_as_it_is(base):
    async def test():
        engine, task = await started(base)
        (base / MODELS_CONFIG).write_text("model_config_list {")
        await asyncio.sleep(0.2)
        assert (await engine.predict(REQUEST)).version == 1
        (base / MODELS_CONFIG).unlink()
        promote(base, champion=2)
        await until(lambda: engine.labels("ner") == {"champion": 2})
        task.cancel()

    asyncio.run(test())


def test_a_serving_directory_without_the_model_is_refused(base):
    with pytest.raises(NerError, match=r"models\.config: lacks the model 'other'. `ner registry sync` writes it"):
        serving_folder(base, "other")()


def test_one_folder_is_served_under_its_number(base, tmp_path):
    assert {*single_folder("ner", base / "ner" / "3")()["ner"].folders} == {3}
    with pytest.raises(NerError, match=r"no saved_model\.pb"):
        single_folder("ner", tmp_path)
