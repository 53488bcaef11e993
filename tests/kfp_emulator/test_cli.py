from __future__ import annotations

import pytest
from click.testing import CliRunner
from support.kfp_emulator.cli import emulate

from components.common.errors import NerError


@pytest.fixture
def file(small):
    inputs = {"text": {"componentInputParameter": "text"}}
    document = small.pipeline(
        [small.task("say", inputs)],
        {"say": small.component("say", parameters={"text": "STRING"})},
        {"say": small.shell("echo {{$.inputs.parameters['text']}}; test {{$.inputs.parameters['text']}} = hello")},
        {"text": {"parameterType": "STRING", "defaultValue": "hello", "isOptional": True}},
    )
    return str(small.write(document))


def invoke(*arguments):
    return CliRunner().invoke(emulate, arguments)


def test_a_run_prints_a_line_a_task(file, tmp_path):
    result = invoke(file, "--workdir", str(tmp_path / "w"), "--root", "s3://bucket/x")
    assert result.exit_code == 0, result.output
    first, last = result.output.splitlines()
    assert first.split() == ["say", first.split()[1], "s", "ok"]
    assert "/s3/bucket/x/small/" in last


def test_a_failed_run_names_node_line_and_log(file, tmp_path):
    result = invoke(file, "--workdir", str(tmp_path / "w"), "--param", "text='error: say: no bread'")
    assert isinstance(result.exception, NerError)
    message, log = str(result.exception).splitlines()
    assert message == "say: no bread"
    assert log.endswith("say.log")


def test_retries_can_be_left_out(small, tmp_path):
    count = tmp_path / "count"
    document = small.pipeline(
        [small.task("a", retryPolicy={"maxRetryCount": 2, "backoffDuration": "3600s"})],
        {"a": small.component("a")},
        {"a": small.shell(f"echo x >> {count}; exit 1")},
    )
    assert invoke(str(small.write(document)), "--workdir", str(tmp_path / "w"), "--no-retries").exit_code == 1
    assert count.read_text() == "x\n"


def test_files_are_put_into_the_object_store_first(small, tmp_path):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "train.conll").write_text("a\tO\n")
    document = small.pipeline([small.task("a")], {"a": small.component("a")}, {"a": small.shell("true")})
    put = ("--put", f"{tmp_path / 'corpus'}=minio://data/corpus")
    assert invoke(str(small.write(document)), "--workdir", str(tmp_path / "w"), *put).exit_code == 0
    assert (tmp_path / "w/store/minio/data/corpus/train.conll").read_text() == "a\tO\n"


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--param", "text"], "write it as NAME=VALUE"),
        (["--param", "colour=x"], "not required by pipeline: colour"),
        (["--put", "nowhere=s3://b/x"], "there is no nowhere"),
        (["--root", "/data"], "unsupported scheme"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(file, tmp_path, arguments, found):
    result = invoke(file, "--workdir", str(tmp_path / "w"), *arguments)
    assert isinstance(result.exception, NerError)
    assert found in str(result.exception)
