"""Joined requests, on a model that is a Python function."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest

from components.exporter.contract.contract import Contract
from components.exporter.contract.tensors import SignatureContract, TensorContract
from components.exporter.validator.probe.c_api import TensorFlowError
from components.exporter.validator.probe.saved_graph import TensorInfo
from components.exporter.validator.probe.values import strings
from components.serving.server.batching import RequestQueue, Scheduler
from components.serving.server.errors import DeadlineExceededError, InvalidArgumentError, ResourceExhaustedError
from components.serving.server.joining import Joining
from components.serving.server.settings import ServerSettings

STRING, INT = 7, 3
INPUTS = {"sentence": TensorInfo("in:0", STRING, (None,))}
OUTPUTS = {
    "tags": TensorInfo("tags:0", STRING, (None, None)),
    "rows": TensorInfo("rows:0", INT, (None,)),
}
CONTRACT = Contract(
    1,
    {
        "plain": SignatureContract(
            {"sentence": TensorContract("string", (None,), role="text")},
            {"tags": TensorContract("string", (None, None), role="tags"), "rows": TensorContract("int32", (None,))},
        )
    },
    pad="[PAD]",
    max_characters=10_000,
)
JOINING = Joining.of("plain", INPUTS, OUTPUTS, CONTRACT)


class Model:
    """Tags every letter with itself; a run waits for `gate`, and the text `bad` is refused."""

    def __init__(self):
        self.gate = threading.Event()
        self.gate.set()
        self.runs = []

    def __call__(self, inputs):
        texts = inputs["sentence"].tolist()
        self.runs.append(texts)
        self.gate.wait(10)
        if b"bad" in texts:
            raise TensorFlowError("a bad text", 3)
        tags = np.full((len(texts), max(map(len, texts), default=0)), b"[PAD]", object)
        for row, text in enumerate(texts):
            tags[row, : len(text)] = [bytes([letter]) for letter in text]
        return {"tags": tags, "rows": np.full(len(texts), len(texts), np.int32)}


def together(test, **settings):
    """Runs a coroutine function with a model, its queue and a function that submits texts."""

    async def run():
        model = Model()
        scheduler = Scheduler(ServerSettings(threads=1, **settings))
        queue = RequestQueue(model, JOINING, scheduler)

        def submit(*texts, timeout=10.0):
            return asyncio.ensure_future(queue.submit({"sentence": strings([*texts])}, len(texts), timeout))

        try:
            return await test(model, queue, submit)
        finally:
            model.gate.set()
            scheduler.close()

    return asyncio.run(run())


async def held(model, submit):
    """Starts a run that lasts until `gate` is set."""
    model.gate.clear()
    first = submit(b"first")
    await asyncio.sleep(0.01)
    return first


def test_a_lone_request_runs_at_once_and_requests_that_wait_run_together():
    async def test(model, queue, submit):
        first = await held(model, submit)
        others = [submit(b"a", b"bcd"), submit(b"ef")]
        await asyncio.sleep(0.01)
        model.gate.set()
        answers = await asyncio.gather(first, *others)
        assert model.runs == [[b"first"], [b"a", b"bcd", b"ef"]]
        assert answers[1]["tags"].tolist() == [[b"a", b"[PAD]", b"[PAD]"], [b"b", b"c", b"d"]]
        assert answers[2]["tags"].tolist() == [[b"e", b"f"]]  # as wide as alone

    together(test)


def test_an_output_without_tokens_is_not_cut():
    async def test(model, queue, submit):
        first = await held(model, submit)
        others = [submit(b"a"), submit(b"bcd")]
        await asyncio.sleep(0.01)
        model.gate.set()
        answers = await asyncio.gather(first, *others)
        assert answers[1]["rows"].tolist() == [2]
        assert {name: value.shape for name, value in answers[2].items()} == {"tags": (1, 3), "rows": (1,)}

    together(test)


def test_a_bad_request_does_not_fail_its_neighbours():
    async def test(model, queue, submit):
        first = await held(model, submit)
        others = [submit(b"a"), submit(b"bad"), submit(b"c")]
        await asyncio.sleep(0.01)
        model.gate.set()
        answers = await asyncio.gather(first, *others, return_exceptions=True)
        assert [answers[1]["tags"].tolist(), answers[3]["tags"].tolist()] == [[[b"a"]], [[b"c"]]]
        assert isinstance(answers[2], InvalidArgumentError)
        assert str(answers[2]) == "a bad text"

    together(test)


def test_short_texts_do_not_run_with_long_ones_and_no_run_exceeds_its_limits():
    async def test(model, queue, submit):
        first = await held(model, submit)
        texts = [b"a", b"x" * 3000, b"b", b"y" * 3000, b"c", b"z" * 3100, b"w" * 3000]
        others = [submit(text) for text in texts]
        await asyncio.sleep(0.01)
        model.gate.set()
        answers = await asyncio.gather(first, *others)
        assert [[len(text) for text in run] for run in model.runs] == [[5], [1, 1, 1], [3000, 3000, 3100], [3000]]
        assert [answer["tags"].shape[1] for answer in answers[1:]] == [len(text) for text in texts]

    together(test)


def test_rows_are_joined_up_to_the_largest_batch():
    async def test(model, queue, submit):
        first = await held(model, submit)
        others = [submit(*[b"a"] * rows) for rows in (2, 2, 1, 4, 9)]
        await asyncio.sleep(0.01)
        model.gate.set()
        answers = await asyncio.gather(first, *others)
        assert [len(run) for run in model.runs] == [1, 4, 1, 4, 9]
        assert [len(answer["tags"]) for answer in answers] == [1, 2, 2, 1, 4, 9]

    together(test, max_batch_size=4)


def test_a_full_queue_refuses_with_the_time_to_wait():
    async def test(model, queue, submit):
        first = await held(model, submit)
        others = [submit(b"a"), submit(b"b")]
        await asyncio.sleep(0.01)
        with pytest.raises(ResourceExhaustedError, match="2 requests wait already") as refused:
            await submit(b"c")
        assert refused.value.retry_after >= 1
        model.gate.set()
        await asyncio.gather(first, *others)

    together(test, max_queue=2)


def test_a_request_whose_deadline_passes_in_the_queue_never_runs():
    async def test(model, queue, submit):
        first = await held(model, submit)
        late, cancelled, patient = submit(b"late", timeout=0.02), submit(b"cancelled"), submit(b"patient")
        await asyncio.sleep(0.01)
        cancelled.cancel()
        with pytest.raises(DeadlineExceededError, match=r"no answer within 0\.02 s"):
            await late
        model.gate.set()
        await asyncio.gather(first, patient)
        assert model.runs == [[b"first"], [b"patient"]]
        with pytest.raises(DeadlineExceededError):
            await submit(b"too late", timeout=0.0)
        await asyncio.wait_for(queue.drained(), 1)

    together(test)


def test_a_queue_is_drained_when_its_last_run_has_ended_even_if_nobody_waits_for_the_answer():
    async def test(model, queue, submit):
        first = await held(model, submit)
        first.cancel()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(queue.drained(), 0.05)
        model.gate.set()
        await asyncio.wait_for(queue.drained(), 1)

    together(test)


@pytest.mark.parametrize(
    ("inputs", "outputs", "contract", "possible"),
    [
        (INPUTS, OUTPUTS, CONTRACT, True),
        (INPUTS, OUTPUTS, None, False),  # nothing says where the padding of tags begins
        (INPUTS, {"rows": OUTPUTS["rows"]}, None, True),
        (INPUTS, {"tags": TensorInfo("tags:0", STRING, (None, 3))}, None, True),
        (INPUTS, {"sum": TensorInfo("sum:0", INT, ())}, None, False),
        ({"scale": TensorInfo("in:0", INT, ())}, {"rows": OUTPUTS["rows"]}, None, False),
        ({"image": TensorInfo("in:0", INT, (None, None))}, {"rows": OUTPUTS["rows"]}, None, False),
        ({}, {"rows": OUTPUTS["rows"]}, None, False),
    ],
)
def test_only_signatures_whose_answers_can_be_taken_apart_are_joined(inputs, outputs, contract, possible):
    assert Joining.of("plain", inputs, outputs, contract).possible is possible
