"""The routes for Label Studio, in front of an engine that tags the word Rome."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import re
from types import SimpleNamespace

import httpx
import numpy as np
import pytest
from support.echo_engine import EchoEngine, infos
from support.tensors import objects

from components.serving.server.engine import PredictAnswer
from components.serving.server.rest import rest_app
from components.serving.server.settings import ServerSettings

CONFIG = (
    '<View><Labels name="label" toName="text"><Label value="Place" predicted_values="LOC, GPE"/><Label value="per"/>'
    '</Labels><Text name="text" value="$body"/></View>'
)


TYPES = {"Rome": "B-LOC", "Ida": "B-PER", "Acme": "B-ORG"}


class RomeEngine(EchoEngine):
    """Tags `Rome` as LOC, `Ida` as PER, `Acme` as ORG; its default signature takes the sentence."""

    def __init__(self):
        super().__init__()
        inputs = {name: dataclasses.replace(info, shape=(None,)) for name, info in infos(sentence="string").items()}
        outputs = infos(tags="string", scores="float32", starts="int32", ends="int32", other="int32")
        self._signatures = {"serving_default": SimpleNamespace(inputs=inputs, outputs=outputs)}

    async def predict(self, request):
        self.requests.append(request)
        rows = [[*re.finditer(r"\S+", text.decode())] for text in request.inputs["sentence"]]
        shape = len(rows), max(len(row) for row in rows)
        padded = [word for row in rows for word in [*row, *[None] * (shape[1] - len(row))]]
        arrays = {
            "tags": objects([TYPES.get(word[0], "O").encode() if word else b"[PAD]" for word in padded], shape),
            "scores": np.array([0.5 if word else 0.0 for word in padded]).reshape(shape),
            "starts": np.array([word.start() if word else 0 for word in padded], int).reshape(shape),
            "ends": np.array([word.end() if word else 0 for word in padded], int).reshape(shape),
        }
        return PredictAnswer(3, request.signature, {name: arrays[name] for name in request.outputs})


def ask(method, path, engine=None, settings=None, **request):
    async def send():
        transport = httpx.ASGITransport(rest_app(engine or RomeEngine(), settings or ServerSettings()))
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            return await client.request(method, f"/label-studio{path}", **request)

    return asyncio.run(send())


def predict(*texts, config=CONFIG, **others):
    tasks = [{"id": 7 + number, "data": {"body": text}} for number, text in enumerate(texts)]
    body = {"tasks": tasks, "label_config": config, "project": "1.170000", "params": {"context": None}}
    return ask("POST", others.pop("path", "/predict"), json=body, **others)


def test_entities_become_regions_of_the_labelling_configuration():
    answer = predict("in Rome", "")
    assert answer.status_code == 200
    assert answer.json() == {
        "results": [
            {
                "result": [
                    {
                        "from_name": "label", "to_name": "text", "type": "labels", "score": 0.5,
                        "value": {"start": 3, "end": 7, "text": "Rome", "labels": ["Place"]},
                    }
                ],
                "model_version": "models:/echo/3",
                "score": pytest.approx(0.25 ** (1 / 2**0.5)),
            },
            {"result": [], "model_version": "models:/echo/3"},
        ],
        "model_version": "models:/echo/3",
        "types_without_label": {},
    }  # fmt: skip


def test_offsets_count_characters_as_the_editor_does():
    (prediction,) = predict("😀 in Rome").json()["results"]
    assert prediction["result"][0]["value"] == {"start": 5, "end": 9, "text": "Rome", "labels": ["Place"]}


def test_labels_are_matched_in_any_case_and_types_without_a_label_are_counted():
    answer = predict("Ida of Acme").json()
    assert [region["value"]["labels"] for region in answer["results"][0]["result"]] == [["per"]]
    assert answer["types_without_label"] == {"ORG": 1}


@pytest.mark.parametrize("choice", ["", "/models/echo", "/models/echo/versions/3", "/models/echo/labels/champion"])
def test_the_address_names_a_version(choice):
    assert ask("GET", f"{choice}/health").json() == {"status": "UP"}
    assert ask("GET", f"{choice}/versions").json() == {"versions": ["models:/echo/3"]}
    setup = ask(
        "POST", f"{choice}/setup", json={"project": "1.1", "schema": CONFIG, "hostname": "", "access_token": ""}
    )
    assert (setup.status_code, setup.json()) == (200, {"model_version": "models:/echo/3"})
    assert predict("in Rome", path=f"{choice}/predict").status_code == 200


def test_many_and_long_texts_are_sent_in_several_requests_to_one_version():
    engine = RomeEngine()
    texts = [f"in Rome {'and so on ' * 3000}", "Rome", "in Rome"] * 4
    results = predict(*texts, engine=engine).json()["results"]
    assert [each["result"][0]["value"]["start"] for each in results] == [3, 0, 3] * 4
    assert len(engine.requests) > 1
    assert {(request.version, request.label) for request in engine.requests} == {(3, None)}


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        (None, "label_config: expected XML, got None"),
        ("<View>", "label_config: is not XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><View/>', "label_config: has a DOCTYPE"),
        ('<View><Text name="text" value="$body"/></View>', "no <Labels> whose toName is the name of a <Text>"),
        (CONFIG.replace("$body", "body"), "Write value="),
        (CONFIG.replace("$body", "$text"), "tasks[0]: the data have no text 'text', which the label_config names"),
        (CONFIG.replace('value="$body"', 'value="$body" valueType="url"'), "of the type 'url'"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused_by_name(config, problem):
    answer = predict("in Rome", config=config)
    assert answer.status_code == 400
    assert problem in answer.json()["error"].replace('"', "'") or problem in answer.json()["error"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({}, "the data have no text 'body', which the label_config names; they have no fields."),
        ({"text": "a"}, "they have 'text'."),
        ({"body": 5}, "'body', which the label_config names, is not a text: 5."),
        ({"body": None}, "is not a text: None."),
        ("a", "they have no fields."),
    ],
)
def test_a_task_without_the_text_is_refused_with_what_it_has(data, problem):
    answer = ask("POST", "/predict", json={"tasks": [{"id": 1, "data": data}], "label_config": CONFIG})
    assert answer.status_code == 400
    assert problem in answer.json()["error"]


def test_setup_checks_the_configuration_before_the_first_task():
    answer = ask("POST", "/setup", json={"project": "1.1", "schema": "<View/>"})
    assert (answer.status_code, "no <Labels>" in answer.json()["error"]) == (400, True)


def test_a_model_that_does_not_tag_is_refused():
    answer = ask("POST", "/setup", EchoEngine(), json={"schema": CONFIG})
    assert answer.status_code == 400
    assert "no signature takes `sentence` and returns `tags`" in answer.json()["error"]


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("POST", "/train", 501, "train is not offered. Export the labels"),
        ("POST", "/webhook", 501, "webhook is not offered"),
        ("GET", "/predict", 404, "no GET /label-studio/predict for Label Studio"),
        ("GET", "/models/other/health", 404, "no version None, label None of model other"),
        ("POST", "/predict", 400, "empty"),
    ],
)
def test_other_requests_get_an_error_in_the_form_of_the_other_routes(method, path, status, text):
    answer = ask(method, path)
    assert answer.status_code == status
    assert text in answer.json()["error"]


def test_a_server_that_stops_is_down():
    engine = RomeEngine()
    engine.stopping = True
    answer = ask("GET", "/health", engine)
    assert (answer.status_code, answer.json()) == (503, {"status": "DOWN"})


def test_too_many_tasks_are_refused():
    answer = predict(*["Rome"] * 3, settings=ServerSettings(max_rows=2))
    assert (answer.status_code, answer.json()["error"]) == (400, "3 tasks; the limit is 2. Send fewer at once.")


def test_the_password_is_the_token_here_and_only_here():
    basic = {"Authorization": f"Basic {base64.b64encode(b'ner:s3cret').decode()}"}
    settings = ServerSettings(token="s3cret")
    assert ask("GET", "/health", settings=settings).status_code == 401
    assert ask("GET", "/health", settings=settings, headers=basic).status_code == 200
    assert ask("GET", "/health", settings=settings, headers={"Authorization": "Bearer s3cret"}).status_code == 200
    assert ask("GET", "/../v2/models", settings=settings, headers=basic).status_code == 401
