"""The wheel: installed with plain pip into a fresh environment of another Python, without TFX, it is the client."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from support.processes import popen, run
from support.repository import ROOT, repository_files

pytestmark = pytest.mark.slow

PROGRAM = """
import importlib.util, json, sys, time
begin = time.perf_counter()
import deployable_ner as ner
imported = time.perf_counter() - begin
tagger = ner.load(sys.argv[1])
tagged = tagger("Joe Biden visited Paris")
absent = [name for name in ("tfx", "apache_beam", "kfp", "components", "configs", "pipeline", "schemas")
          if importlib.util.find_spec(name) is None]
print(json.dumps({"seconds": imported, "absent": absent, "file": ner.__file__,
                  "entities": [[e.label, e.text] for e in tagged.entities],
                  "many": [t.entities[0].text for t in tagger.tag(["Paris", "Kyiv"] * 50, batch_size=7)]}))
"""


def other_python() -> str | None:
    """Returns a Python of a version from 3.10 to 3.13 that does not run the tests, the newest first."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    for minor in (13, 12, 10):
        name = f"python3.{minor}"
        for path in [*sorted(pyenv.glob(f"3.{minor}.*/bin/{name}")), shutil.which(name)]:
            if path and run([path, "-c", "import venv, ensurepip, sqlite3, ssl"], capture_output=True).returncode == 0:
                return str(path)
    return None


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel of the files that git would commit."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in repository_files():
        (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / "source" / name)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, "."]
    run(command, cwd=folder / "source", check=True)
    shutil.rmtree(folder / "source")
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def client(wheel, tmp_path_factory) -> Path:
    """The `bin` folder of a fresh environment with the wheel."""
    python = other_python()
    if python is None:
        pytest.skip("no other Python from 3.10 to 3.13")
    folder = tmp_path_factory.mktemp("client") / "environment"
    run([python, "-m", "venv", folder], check=True)
    run([folder / "bin" / "pip", "install", "-q", wheel], check=True, timeout=840)
    run([folder / "bin" / "pip", "check"], check=True)
    yield folder / "bin"
    shutil.rmtree(folder)


@pytest.mark.parametrize(("stack", "glibc"), [("tfx116", "2_28"), ("tfx121", "2_40")])
def test_the_documented_line_resolves_the_extra_pipeline_to_the_pins(wheel, stack, glibc):
    uv = Path(sys.prefix) / "bin" / "uv"
    if not uv.exists():
        pytest.skip("the environment of this run has no uv")
    text = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^uv pip install .*pipeline.*$", text, flags=re.MULTILINE)
    line = line.replace("dist/deployable_ner-0.1.0-py3-none-any.whl", str(wheel)).replace(
        "py311-tfx116", f"py311-{stack}"
    )
    arguments = [argument.strip("'\"") for argument in line.split()[1:]]
    platform = ["--python-version", "3.11", "--python-platform", f"x86_64-manylinux_{glibc}", "--target", wheel.parent]
    result = run([uv, *arguments, *platform, "--dry-run"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]
    chosen = dict(re.findall(r"^ \+ (\S+)==(\S+)$", result.stderr, flags=re.MULTILINE))
    lines = (ROOT / "constraints" / f"py311-{stack}.txt").read_text(encoding="utf-8").splitlines()[1:]
    pinned = dict(each.split("==") for each in lines)
    assert chosen.keys() >= {"tfx", "tensorflow", "apache-beam", "keras-tuner", "mlflow"}
    assert {name: version for name, version in chosen.items() if version != pinned.get(name, version)} == {}


def clean_environment(**changes: str) -> dict[str, str]:
    """Returns an environment in which the checkout cannot be imported."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "TF_CPP_MIN_LOG_LEVEL": "3", **changes}


def test_a_fresh_environment_without_tfx_tags_and_inspects(client, tiny_model, tmp_path):
    options = {"env": clean_environment(), "cwd": tmp_path, "capture_output": True, "text": True}
    result = run([client / "python", "-c", PROGRAM, tiny_model], **options)
    assert result.returncode == 0, result.stderr[-3000:]
    answer = json.loads(result.stdout)
    assert answer["entities"] == [["NAME", "Joe Biden"], ["LOCATION", "Paris"]]
    assert answer["many"] == ["Paris", "Kyiv"] * 50
    assert answer["absent"] == ["tfx", "apache_beam", "kfp", "components", "configs", "pipeline", "schemas"]
    assert answer["file"].startswith(str(client.parent))
    assert answer["seconds"] < 0.5  # a busy machine; tests/deployable_ner measures

    predicted = run([client / "ner", "predict", "--model", tiny_model, "Xi Jinping"], **options)
    assert predicted.stdout == "Xi\tB-NAME\nJinping\tI-NAME\n\n", predicted.stderr
    inspected = run([client / "ner", "inspect", "--check", tiny_model], **options)
    assert "serving_default" in inspected.stdout
    assert "defect" not in inspected.stderr
    refused = run([client / "ner", "run"], **options)
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: ner run: needs the extra `pipeline`, which is not installed")


def test_a_fresh_environment_serves(client, tiny_model, tmp_path):
    command = [client / "ner", "serve", "--model", tiny_model, "--port", "0", "--no-grpc"]
    with popen(command, env=clean_environment(), cwd=tmp_path, stderr=subprocess.PIPE, text=True) as server:
        lines = iter(server.stderr.readline, "")
        url = next(line.split()[-1] for line in lines if line.startswith("REST and page:"))
        body = json.dumps({"instances": ["Joe Biden visited Paris"]}).encode()
        with urllib.request.urlopen(f"{url}/v1/models/ner:predict", body, timeout=120) as answer:
            (row,) = json.load(answer)["predictions"]
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=120)
    assert [row["tags"][at] for at in (0, 1, 3)] == ["B-NAME", "I-NAME", "B-LOCATION"]
    assert server.returncode == 143
