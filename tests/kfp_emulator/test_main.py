"""`python -m support.kfp_emulator`."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from components.common.errors import NerError
from components.common.progress import progress_to

pytestmark = pytest.mark.extended


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
    from support.kfp_emulator.__main__ import emulate

    return CliRunner().invoke(emulate, arguments)


def test_a_run_prints_a_line_a_task(file, tmp_path):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "train.conll").write_text("a\tO\n")
    put = f"{tmp_path / 'corpus'}=minio://data/corpus"
    reports = []
    with progress_to(lambda *report: reports.append(report)):
        result = invoke(file, "--workdir", str(tmp_path / "w"), "--root", "s3://bucket/x", "--put", put)
    assert reports == [("say", 0, 1, False)]
    assert result.exit_code == 0, result.output
    first, last = result.output.splitlines()
    assert first.split() == ["say", first.split()[1], "s", "ok"]
    assert "/s3/bucket/x/small/" in last
    assert (tmp_path / "w/store/minio/data/corpus/train.conll").read_text() == "a\tO\n"


def test_errors_name_their_cause(file, tmp_path):
    result = invoke(file, "--workdir", str(tmp_path / "w"), "--param", "text='error: say: no bread'")
    assert isinstance(result.exception, NerError)
    message, log = str(result.exception).splitlines()
    assert message == "say: no bread"
    assert log.endswith("say.log")
    for arguments, message in [
        (["--param", "text"], "not NAME=VALUE"),
        (["--param", "colour=x"], "not required by pipeline: colour"),
        (["--put", "nowhere=s3://b/x"], "nowhere does not exist"),
        (["--root", "/data"], "unsupported scheme"),
    ]:
        result = invoke(file, "--workdir", str(tmp_path / "w"), *arguments)
        assert isinstance(result.exception, NerError)
        assert message in str(result.exception)
