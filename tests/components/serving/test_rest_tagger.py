"""Tagging with a server that speaks TensorFlow Serving's REST; a server of this test stands in for one."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from components.common.errors import NerError
from components.serving.rest_tagger import TOKEN_VARIABLE, RestTagger

SENTENCES = ["Ann left", "", "Zoë in Kyiv \U0001f633", *(f"Ann {number}" for number in range(70))]


def tensor(dtype, *sizes):
    shape = {"dim": [{"size": str(size), "name": ""} for size in sizes], "unknown_rank": False}
    return {"dtype": dtype, "tensor_shape": shape, "name": "x:0"}


def signature(inputs=("sentence",), outputs=("tags", "tokens", "scores", "starts", "ends")):
    types = {"scores": "DT_FLOAT", "starts": "DT_INT32", "ends": "DT_INT32"}
    return {
        "inputs": {name: tensor("DT_STRING", -1) for name in inputs},
        "outputs": {name: tensor(types.get(name, "DT_STRING"), -1, -1) for name in outputs},
        "method_name": "tensorflow/serving/predict",
    }


def answers(sentences, outputs):
    words = [[(word, sentence.index(word)) for word in sentence.split()] for sentence in sentences]
    width = max([len(row) for row in words], default=0)
    values = {
        "tags": lambda word, start: "B-PER" if word in ("Ann", "Zoë") else "O",
        "tokens": lambda word, start: word,
        "scores": lambda word, start: 0.5,
        "starts": lambda word, start: start,
        "ends": lambda word, start: start + len(word),
    }
    pad = {"tags": "[PAD]", "tokens": "[PAD]", "scores": 0.0, "starts": 0, "ends": 0}
    return {
        name: [[values[name](*each) for each in row] + [pad[name]] * (width - len(row)) for row in words]
        for name in outputs
    }


class Served(BaseHTTPRequestHandler):
    """One model `ner` with the version 3, champion; `server.state` changes its behaviour."""

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        state = self.server.state
        path = self.path.removeprefix("/v1/models/ner").replace("/labels/champion", "").replace("/versions/3", "")
        if path == "/metadata":
            signatures = {"signature_def": state.get("signatures", {"serving_default": signature()})}
            self.answer({"model_spec": {}, "metadata": {"signature_def": signatures}})
        elif path == "":
            versions = state.get("versions", [3])
            self.answer({"model_version_status": [{"version": str(v), "state": "AVAILABLE"} for v in versions]})
        else:
            self.answer({"error": f"Servable not found for request: {self.path}"}, 404)

    def do_POST(self):
        state = self.server.state
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        state["calls"] = state.get("calls", 0) + 1
        state.setdefault("paths", set()).add(self.path)
        state["token"] = self.headers.get("Authorization")
        if state["calls"] <= state.get("busy", 0):
            self.answer({"error": "queue full"}, 503, {"Retry-After": "0"})
            return
        (sentences,) = body["inputs"].values()
        if isinstance(sentences[0], dict):
            examples = [base64.b64decode(each["b64"]) for each in sentences]
            sentences = [example[example.rindex(b"sentence") + 8 :][6:].decode() for example in examples]
        if len(sentences) > state.get("most_rows", 1000):
            self.answer({"error": "too many rows"}, 400)
            return
        outputs = state.get("signatures", {"serving_default": signature()})[body["signature_name"]]["outputs"]
        answer = state.get("answer", answers)(sentences, outputs)
        self.answer({"outputs": answer if len(answer) > 1 else next(iter(answer.values()))})

    def answer(self, value, status=200, headers=None):
        data = json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def server():
    started = ThreadingHTTPServer(("127.0.0.1", 0), Served)
    started.state = {}
    thread = threading.Thread(target=started.serve_forever)
    thread.start()
    yield started
    started.shutdown()
    started.server_close()
    thread.join()


def url(server, suffix=""):
    return f"http://127.0.0.1:{server.server_port}/v1/models/ner{suffix}"


def test_sentences_are_tagged_in_order_and_in_requests_of_a_few(server):
    tagger = RestTagger(url(server))
    tagged = tagger.tag(SENTENCES)
    assert [each.sentence for each in tagged] == SENTENCES
    assert (tagged[0].tokens, tagged[0].tags) == (("Ann", "left"), ("B-PER", "O"))
    assert tagged[1].tokens == ()
    assert (tagged[2].starts, tagged[2].scores) == ((0, 4, 7, 12), (0.5,) * 4)
    assert server.state["calls"] == 3


@pytest.mark.parametrize("suffix", ["", "/", "/labels/champion", "/versions/3"])
def test_version_is_resolved_once_so_that_a_promotion_does_not_mix_two(server, suffix):
    tagger = RestTagger(url(server, suffix))
    tagger.tag(["Ann"])
    assert tagger.version == "3"
    assert server.state["paths"] == {"/v1/models/ner/versions/3:predict"}


def test_server_with_several_versions_chooses(server):
    server.state["versions"] = [3, 2]
    tagger = RestTagger(url(server))
    tagger.tag(["Ann"])
    assert (tagger.version, server.state["paths"]) == ("", {"/v1/models/ner:predict"})


def test_busy_server_is_asked_again_and_smaller_requests_follow_a_refusal(server, monkeypatch):
    monkeypatch.setenv(TOKEN_VARIABLE, "secret")
    server.state |= {"busy": 2, "most_rows": 5}
    assert len(RestTagger(url(server), pause=0).tag(SENTENCES)) == len(SENTENCES)
    assert server.state["token"] == "Bearer secret"
    server.state |= {"busy": 10**6}
    with pytest.raises(NerError, match=r"answers 503: queue full\. The server is busy"):
        RestTagger(url(server), pause=0).tag(["Ann"])


def test_signature_for_examples_and_one_with_a_single_output_are_used(server):
    server.state["signatures"] = {"serving_examples": signature(("examples",))}
    assert RestTagger(url(server)).tag(["Ann left"])[0].tags == ("B-PER", "O")


def test_server_that_goes_away_in_the_middle_is_an_error(server):
    tagger = RestTagger(url(server), pause=0)
    tagger.tag(SENTENCES[:40])
    server.shutdown()
    server.server_close()
    with pytest.raises(NerError) as error:
        tagger.tag(["Ann"])
    assert ":predict: no answer in 5 attempts" in str(error.value)
    assert "after 40 sentences; nothing was scored. Check the address" in str(error.value)


BROKEN = {
    "another number of rows": lambda sentences, outputs: answers([*sentences, "x"], outputs),
    "another number of tags": lambda sentences, outputs: {**answers(sentences, outputs), "tags": [["O"]]},
    "rows of different lengths": lambda sentences, outputs: {**answers(sentences, outputs), "ends": [[1], [1, 2]]},
    "a missing output": lambda sentences, outputs: {
        k: v for k, v in answers(sentences, outputs).items() if k != "tags"
    },
    "numbers": lambda sentences, outputs: {**answers(sentences, outputs), "tags": 7},
    **{
        f"{name} that are {value!r}": lambda sentences, outputs, name=name, value=value: {
            **answers(sentences, outputs),
            name: [[value, value]] * len(sentences),
        }
        for name, value in [("tags", 1), ("tokens", None), ("scores", "x"), ("starts", 2**70), ("ends", 0.5)]
    },
}


@pytest.mark.parametrize("name", BROKEN)
def test_answers_that_are_not_of_a_tagger_are_errors(server, name):
    server.state["answer"] = BROKEN[name]
    with pytest.raises(NerError, match=r"/v1/models/ner/versions/3: "):
        RestTagger(url(server)).tag(["Ann left", "Ann left"])


def test_model_that_is_not_a_tagger_and_unknown_models_are_errors(server):
    with pytest.raises(NerError, match=r"answers 404: Servable not found .* Check the name of the model"):
        RestTagger(url(server, "/labels/none"))
    server.state["signatures"] = {"serving_default": signature(("image",), ("classes",))}
    with pytest.raises(NerError, match=r"serving_default takes image and returns classes"):
        RestTagger(url(server))
