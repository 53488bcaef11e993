"""`ner compile`."""

from __future__ import annotations

import pytest
import yaml
from click.testing import CliRunner

from pipeline.cli.compile import compile_command


@pytest.mark.extended
def test_compile_writes_the_documents_and_warns(tmp_path):
    file = tmp_path / "pipeline.yaml"
    arguments = ["--target", "kubeflow", "-o", str(file), "--data", "s3://bucket/corpus", "--set", "name=tweets"]
    result = CliRunner().invoke(compile_command, arguments)
    assert result.exit_code == 0, result.output
    assert f"{file}: 14 nodes, 2 documents\n" in result.output
    assert "warning: images without a digest, whose changes the cache misses: deployable-ner:cpu" in result.output
    spec, _ = yaml.safe_load_all(file.read_text())
    result = CliRunner().invoke(compile_command, [*arguments, "--no-platform"])
    assert f"{file}: 14 nodes, 1 document\n" in result.output
    assert [*yaml.safe_load_all(file.read_text())] == [spec]  # the second document is about pods only
    assert spec["pipelineInfo"]["name"] == "tweets"
    assert spec["root"]["inputDefinitions"]["parameters"]["data"]["defaultValue"] == "s3://bucket/corpus"


def test_a_teacher_and_a_damaged_encoder_are_refused(tmp_path):
    for settings, message in [
        (["trainer.teacher=3", "trainer.unlabelled=[raw.txt]"], "trainer.teacher: pods have neither the teacher"),
        (["trainer.tagger=encoder", f"trainer.encoder.preset={tmp_path}"], "has no config.json"),
    ]:
        changes = [part for setting in settings for part in ("--set", setting)]
        result = CliRunner().invoke(compile_command, ["--target", "kubeflow", "-o", str(tmp_path / "p.yaml"), *changes])
        assert message in str(result.exception)
        assert not (tmp_path / "p.yaml").exists()


@pytest.mark.parametrize("option", ["--cluster", "--config"])
def test_output_does_not_replace_an_input(tmp_path, option):
    file = tmp_path / "cluster.yaml"
    file.write_text("data: s3://bucket/corpus\n")
    result = CliRunner().invoke(compile_command, ["--target", "kubeflow", "-o", str(file), option, str(file)])
    assert result.exit_code == 2
    assert f"would replace {option}. Give another file." in result.output
    assert file.read_text() == "data: s3://bucket/corpus\n"
