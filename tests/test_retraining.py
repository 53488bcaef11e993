"""Four spans of a real corpus through `ner retrain`, in fresh processes: what a scheduler would see."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from components.common.hashing import tree_hash

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.corpora, pytest.mark.timeout(3000)]

BIN = Path(sys.executable).parent
SETTINGS = {
    "corpus.span_window": 2,
    "trainer.tagger": "transformer",  # the quickest
    "drift.action": "stop",
    "trainer.epochs": 4,
    "evaluator.min_f1": 0.02,
}
SIZE = 1584  # a quarter of the corpus, whose sections follow each other in time


def command(*arguments: str, home: Path) -> list[str]:
    settings = [part for name, value in SETTINGS.items() for part in ("--set", f"{name}={value}")]
    return [str(BIN / "ner"), *arguments, *settings, "--set", f"corpus.path={home / 'corpus'}"]


def ner(*arguments: str, home: Path) -> subprocess.CompletedProcess:
    result = subprocess.run(command(*arguments, home=home), cwd=home, capture_output=True, text=True, check=False)
    assert "Traceback" not in result.stderr, result.stderr
    return result


def retrain(home: Path) -> dict:
    result = ner("retrain", "--json", home=home)
    assert result.stdout.strip(), result.stderr
    outcome = json.loads(result.stdout.splitlines()[-1])
    assert outcome["exit_code"] == result.returncode
    return outcome


def history(home: Path) -> list[dict]:
    return json.loads(ner("registry", "history", "--json", home=home).stdout)


def versions(home: Path) -> dict[int, list[str]]:
    listed = json.loads(ner("registry", "list", "--json", home=home).stdout)
    return {version["version"]: version["aliases"] for version in listed}


def served(home: Path) -> dict[str, int]:
    """Label -> version in models.config."""
    text = (home / "work" / "serving" / "models.config").read_text()
    return {label: int(version) for label, version in re.findall(r'key: "(\w+)"\s+value: (\d+)', text)}


def write_span(home: Path, number: int, sentences: list, learned=lambda part: part) -> None:
    """Of ten sentences one each goes to dev and test, the rest to train; train and dev are changed by `learned`."""
    folder = home / "corpus" / f"span-{number}"
    folder.mkdir(parents=True)
    parts: dict[str, list] = {"train": [], "dev": [], "test": []}
    for place, sentence in enumerate(sentences):
        parts[{0: "dev", 5: "test"}.get(place % 10, "train")].append(sentence)
    for name, part in parts.items():
        part = part if name == "test" else learned(part)
        lines = ("".join(f"{token}\t{tag}\n" for token, tag in sentence) + "\n" for sentence in part)
        (folder / f"{name}.conll").write_text("".join(lines), encoding="utf-8")


def with_shuffled_types(sentences: list) -> list:
    """A labelling tool that mixed up the types, which no schema sees, and was busy: three times the data."""
    types = {"PER": "LOC", "LOC": "ORG", "ORG": "PER"}
    wrong = {f"{prefix}-{right}": f"{prefix}-{other}" for right, other in types.items() for prefix in "BI"}
    return [[(token, wrong.get(tag, tag)) for token, tag in sentence] for sentence in sentences] * 3


@pytest.fixture(scope="module")
def sections(tmp_path_factory, request):
    """Four parts of the Broad Twitter Corpus, each a list of sentences of (token, tag)."""
    shared = request.getfixturevalue("shared_data")
    blocks = (shared / "btc" / "train.conll").read_text(encoding="utf-8").strip("\n").split("\n\n")
    sentences = [[tuple(line.split("\t")) for line in block.split("\n")] for block in blocks]
    return [sentences[start : start + SIZE] for start in range(0, 4 * SIZE, SIZE)]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


def killed_at(home: Path, node: str) -> None:
    """Starts a retraining and kills it as soon as a node runs."""
    process = subprocess.Popen(
        command("retrain", home=home),
        cwd=home,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    said = ""
    while node not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_four_spans_from_the_first_model_to_a_rollback(home, sections):
    write_span(home, 1, sections[0])
    first = retrain(home)
    assert (first["kind"], first["version"]) == ("promoted", 1), first
    assert retrain(home)["kind"] == "not due"

    write_span(home, 2, sections[1])
    killed_at(home, "] Trainer")
    assert versions(home) == {1: ["champion"]}
    better = retrain(home)
    assert (better["kind"], better["version"]) == ("promoted", 2), better
    assert better["reasons"] == ["span 2 is new: the champion, version 1, was trained up to span 1"]
    assert versions(home) == {1: ["previous"], 2: ["champion"]}
    lineage = ner("lineage", "2", home=home).stdout
    assert re.search(r"warm_start_version +1\n", lineage)
    assert re.search(r"data\.span +2\n", lineage)
    assert served(home) == {"champion": 2, "previous": 1}

    write_span(home, 3, sections[2], with_shuffled_types)
    worse = retrain(home)
    assert (worse["kind"], worse["exit_code"]) == ("refused", 3), worse
    assert "did not bless" in worse["text"]
    assert retrain(home)["kind"] == "not due"

    write_span(home, 4, [sentence for sentence in sections[3] if not any("PER" in tag for _, tag in sentence)])
    stopped = retrain(home)
    assert (stopped["kind"], stopped["exit_code"]) == ("stopped", 4), stopped
    assert "span-4: differs from the champion's training data" in stopped["text"]
    assert "PER: " in stopped["text"]
    assert versions(home) == {1: ["previous"], 2: ["champion"]}

    assert ner("registry", "rollback", "--why", "tags nothing since noon", home=home).returncode == 0
    assert versions(home) == {1: ["champion"], 2: []}
    assert served(home)["champion"] == 1
    hashes = {path.name: tree_hash(path) for path in (home / "work" / "serving" / "ner").iterdir()}
    listed = json.loads(ner("registry", "list", "--json", home=home).stdout)
    assert hashes["1"] == listed[0]["tree_hash"]

    recorded = [(entry["action"], entry["version"], entry["replaced"]) for entry in history(home)]
    assert recorded == [
        ("promoted", 1, None),
        ("promoted", 2, 1),
        ("refused", None, 2),
        ("stopped", None, 2),
        ("rolled back", 1, 2),
    ]
    whys = [entry["why"] for entry in history(home)]
    assert whys[0].startswith("blessed")
    assert "span-4: differs" in whys[3]
    assert whys[4] == "tags nothing since noon"
