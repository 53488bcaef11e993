"""docs/kubeflow.md and docs/distributed.md stay true: options, settings, arguments and files that they name are there.

Commands that need a cluster are not run here.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from support.repository import ROOT

from configs.cluster_loading import load_cluster
from configs.loading import load_config
from pipeline.cli.main import main

PAGES = ("kubeflow", "distributed")
TEXTS = {page: (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8") for page in PAGES}


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXTS[page], re.DOTALL)


def commands(program: str) -> list[list[str]]:
    lines = [line for page in PAGES for block in blocks(page, "bash") for line in block.splitlines()]
    return [shlex.split(line.removesuffix(" &")) for line in lines if line.startswith(f"{program} ")]


@pytest.mark.parametrize("words", commands("ner"), ids=lambda words: " ".join(words[:3]))
def test_ner_has_the_command_and_its_options(words: list[str]) -> None:
    command, rest = main, words[1:]
    context = click.Context(command)
    while isinstance(command, click.Group):
        found = command.get_command(context, rest[0])
        assert found is not None, f"ner has no {' '.join(words)}"
        command, rest = found, rest[1:]
    options = {name: option for option in command.params for name in (*option.opts, *option.secondary_opts)}
    given = [word for word in rest if word.startswith("-")]
    assert [word for word in given if word not in options] == []
    needed = {option.opts[-1] for option in command.params if option.required and option.param_type_name == "option"}
    assert needed <= {options[word].opts[-1] for word in given}


def test_there_are_commands_to_look_at() -> None:
    called = {tuple(words[1:3]) for words in commands("ner")}
    assert {("compile", "--target"), ("kfp", "upload"), ("kfp", "run"), ("kfp", "schedule")} <= called


@pytest.mark.parametrize("page", PAGES)
def test_configurations_are_legal(page: str, tmp_path: Path) -> None:
    found = blocks(page, "yaml")
    assert found
    for number, text in enumerate(found):
        file = tmp_path / f"{number}.yaml"
        file.write_text(text, encoding="utf-8")
        cluster = load_cluster("kubeflow", file)
        load_config(
            None,
            [f"{name}={yaml.safe_dump(value, default_flow_style=True)}" for name, value in cluster.settings.items()],
        )


def test_configuration_is_legal_with_what_stands_in_comments(tmp_path: Path) -> None:
    (text,) = blocks("kubeflow", "yaml")
    assert "# volumes:" in text
    shown = re.sub(r"^( *)# (volumes:|  secret_env:|ChampionSource:)", r"\1\2", text, flags=re.MULTILINE)
    (tmp_path / "cluster.yaml").write_text(shown, encoding="utf-8")
    cluster = load_cluster("kubeflow", tmp_path / "cluster.yaml")
    assert [volume.path for volume in cluster.nodes["Trainer"].volumes] == ["/state"]
    assert set(cluster.nodes["ChampionSource"].secret_env) == {"mlflow"}


def test_beam_knows_the_arguments() -> None:
    options = pytest.importorskip("apache_beam.options.pipeline_options")
    given = [yaml.safe_load(text)["settings"].get("beam.args", []) for text in blocks("distributed", "yaml")]
    assert sum(map(bool, given)) >= 2
    for args in given:
        known = options.PipelineOptions(args).get_all_options(drop_default=True)
        assert [arg for arg in args if arg.removeprefix("--").partition("=")[0] not in known] == []


def test_job_servers_are_of_the_beam_that_the_constraints_pin() -> None:
    pinned = re.search(r"^apache-beam==(.+)$", (ROOT / "constraints/py311-tfx116.txt").read_text(), re.MULTILINE)[1]
    assert set(re.findall(r"job_server:([\d.]+)", TEXTS["distributed"])) == {pinned}


def test_build_arguments_are_the_dockerfiles() -> None:
    known = set(re.findall(r"^ARG (\w+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {name for text in TEXTS.values() for name in re.findall(r"--build-arg (\w+)", text)}
    assert named >= {"REVISION", "DEVICE", "UID"}
    assert named <= known


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named_are_there(page: str) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)", TEXTS[page])
    named = re.findall(r"(?:tests|docs|pipeline|configs)/[\w/]+\.(?:py|yaml|md)", TEXTS[page])
    missing = [link for link in links if not (ROOT / "docs" / link).exists()]
    assert missing + [path for path in named if not (ROOT / path).exists()] == []


def test_parameters_are_those_of_the_pipeline() -> None:
    source = (ROOT / "pipeline/target.py").read_text(encoding="utf-8")  # read: its imports take seconds
    declared = re.findall(r"^    (\w+): RuntimeParameter \| None = None$", source, re.MULTILINE)
    table = TEXTS["kubeflow"].partition("| parameter | |")[2].partition("\n\n")[0]
    assert len(declared) >= 5
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == declared


MLFLOW = [*yaml.safe_load_all((ROOT / "docs/kubeflow/mlflow.yaml").read_text(encoding="utf-8"))]
KINDS = {"PersistentVolumeClaim": "V1PersistentVolumeClaim", "Service": "V1Service", "Deployment": "V1Deployment"}


def unknown_fields(value: Any, kind: str, path: str) -> list[str]:
    """Names what Kubernetes' own description of the kind does not know."""
    client = pytest.importorskip("kubernetes.client", reason="comes with kfp")
    if inner := re.fullmatch(r"list\[(\w+)\]", kind):
        return [name for number, one in enumerate(value) for name in unknown_fields(one, inner[1], f"{path}[{number}]")]
    model = getattr(client, kind, None)
    if model is None:  # text, number, or a mapping of free keys
        return []
    types = {json: model.openapi_types[name] for name, json in model.attribute_map.items()}
    wrong = [f"{path}.{name}" for name in value if name not in types]
    known = {name: one for name, one in value.items() if name in types}
    return wrong + [bad for name, one in known.items() for bad in unknown_fields(one, types[name], f"{path}.{name}")]


@pytest.mark.parametrize("document", MLFLOW, ids=lambda document: document["kind"])
def test_manifest_has_only_fields_that_kubernetes_knows(document: dict[str, Any]) -> None:
    assert unknown_fields(document, KINDS[document["kind"]], document["kind"]) == []


def test_manifest_serves_what_the_configuration_asks_for() -> None:
    address = load_cluster("kubeflow").settings["registry.uri"]
    claim, service, deployment = MLFLOW
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    host = f"{service['metadata']['name']}.{service['metadata']['namespace']}:{service['spec']['ports'][0]['port']}"
    assert address == f"http://{host}"
    assert host in container["args"][container["args"].index("--allowed-hosts") + 1].split(",")
    assert str(service["spec"]["ports"][0]["port"]) in container["command"]
    assert service["spec"]["selector"].items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    volume = deployment["spec"]["template"]["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"]
    assert volume == claim["metadata"]["name"]
