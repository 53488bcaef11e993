"""Options, settings, arguments and files that docs/kubeflow.md and docs/distributed.md name exist.

Commands that need a cluster do not run.
"""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import click
import pytest
import yaml
from support.kubernetes_fields import unknown_fields
from support.repository import ROOT

from configs.cluster_loading import load_cluster
from configs.loading import load_config

PAGES = ("kubeflow", "distributed")
TEXTS = {page: (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8") for page in PAGES}


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXTS[page], re.DOTALL)


def commands(program: str) -> list[list[str]]:
    lines = [line for page in PAGES for block in blocks(page, "bash") for line in block.splitlines()]
    return [shlex.split(line.removesuffix(" &")) for line in lines if line.startswith(f"{program} ")]


def check_command(command: click.Command, words: list[str]) -> None:
    """Checks that the command or group takes the words: sub-commands, options, required options, arguments."""
    context, rest = click.Context(command), words
    while isinstance(command, click.Group):
        options = {name: option for option in command.params for name in option.opts}
        while rest[0] in options:
            rest = rest[2:]
        subcommand = command.get_command(context, rest[0])
        assert subcommand is not None, f"there is no {' '.join(words)}"
        command, rest = subcommand, rest[1:]
    options = {name: option for option in command.params for name in (*option.opts, *option.secondary_opts)}
    used = [word for word in rest if word.startswith("-")]
    assert [word for word in used if word not in options] == [], words
    required = {option.opts[-1] for option in command.params if option.required and isinstance(option, click.Option)}
    assert required <= {options[word].opts[-1] for word in used}, words
    with_value = sum(not getattr(options[word], "is_flag", False) for word in used)
    arguments = [argument for argument in command.params if isinstance(argument, click.Argument)]
    if all(argument.nargs == 1 for argument in arguments):
        positional = len(rest) - len(used) - with_value
        assert sum(argument.required for argument in arguments) <= positional <= len(arguments), words


def test_ner_takes_the_commands() -> None:
    from pipeline.cli.main import main

    called = commands("ner")
    assert {words[1] for words in called} >= {"compile", "data", "kfp", "registry"}
    for words in called:
        check_command(main, words[1:])
    described = {words[2] for words in called if words[1] == "kfp"}
    assert described | {"wait", "status"} == set(main.get_command(click.Context(main), "kfp").commands)


def test_kfp_takes_the_commands_of_the_table() -> None:
    """kfp's own group connects to a server before it shows a help text, so this inspects the commands."""
    table = re.findall(r"^\| [^|]+ \| `kfp ([^`]+)` \|$", TEXTS["kubeflow"], re.MULTILINE)
    assert len(table) >= 12
    for line in table:
        group, *rest = shlex.split(line)
        module = importlib.import_module(f"kfp.cli.{group.replace('-', '_')}")
        check_command(getattr(module, group.replace("-", "_")), rest)


def test_every_incompatibility_has_a_test() -> None:
    text = (ROOT / "docs/kubeflow-incompatibilities.md").read_text(encoding="utf-8")
    rows = set(map(int, re.findall(r"^\| (\d+) \|", text, re.MULTILINE)))
    tests = {
        int(number)
        for folder in ("kfp_emulator", "pipeline/kubeflow")
        for file in (ROOT / "tests" / folder).rglob("test_*.py")
        for number in re.findall(r"^def test_row_(\d+)_", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert rows == tests == set(range(1, 16))


def test_configurations_are_valid(tmp_path: Path) -> None:
    texts = [text for page in PAGES for text in blocks(page, "yaml")]
    assert len(texts) >= 4
    for number, text in enumerate(texts):
        file = tmp_path / f"{number}.yaml"
        file.write_text(text, encoding="utf-8")
        cluster = load_cluster("kubeflow", file)
        load_config(
            None,
            [f"{name}={yaml.safe_dump(value, default_flow_style=True)}" for name, value in cluster.settings.items()],
        )


def test_configuration_is_valid_with_its_commented_settings(tmp_path: Path) -> None:
    (text,) = blocks("kubeflow", "yaml")
    assert "# volumes:" in text
    shown = re.sub(r"^( *)# (volumes:|  secret_env:|ChampionSource:)", r"\1\2", text, flags=re.MULTILINE)
    (tmp_path / "cluster.yaml").write_text(shown, encoding="utf-8")
    cluster = load_cluster("kubeflow", tmp_path / "cluster.yaml")
    assert [volume.path for volume in cluster.nodes["Trainer"].volumes] == ["/state"]
    assert set(cluster.nodes["ChampionSource"].secret_env) == {"mlflow"}


@pytest.mark.extended
def test_beam_knows_the_arguments() -> None:
    options = pytest.importorskip("apache_beam.options.pipeline_options")
    arguments = [yaml.safe_load(text)["settings"].get("beam.args", []) for text in blocks("distributed", "yaml")]
    assert sum(map(bool, arguments)) >= 2
    for args in arguments:
        known = options.PipelineOptions(args).get_all_options(drop_default=True)
        assert [arg for arg in args if arg.removeprefix("--").partition("=")[0] not in known] == []


@pytest.mark.extended
def test_job_servers_are_of_the_beam_that_the_constraints_pin() -> None:
    pinned = re.search(r"^apache-beam==(.+)$", (ROOT / "constraints/py311-tfx116.txt").read_text(), re.MULTILINE)[1]
    assert set(re.findall(r"job_server:([\d.]+)", TEXTS["distributed"])) == {pinned}


@pytest.mark.extended
def test_build_arguments_are_the_dockerfiles() -> None:
    known = set(re.findall(r"^ARG (\w+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {name for text in TEXTS.values() for name in re.findall(r"--build-arg (\w+)", text)}
    assert named >= {"REVISION", "DEVICE", "UID"}
    assert named <= known


def test_named_files_exist() -> None:
    for text in TEXTS.values():
        links = re.findall(r"\]\((?!http)([^)#]+)", text)
        paths = re.findall(r"(?:tests|docs|pipeline|configs)/[\w/]+\.(?:py|yaml|md)", text)
        assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
        assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_table_of_parameters_is_complete() -> None:
    from pipeline.kubeflow.compile.run_planner import OF_RUN, ONLY_PLANNED, TRAIN

    source = (ROOT / "pipeline/target.py").read_text(encoding="utf-8")  # read: its imports take seconds
    declared = re.findall(r"^    (\w+): RuntimeParameter \| None = None$", source, re.MULTILINE)
    table = TEXTS["kubeflow"].partition("| parameter | |")[2].partition("\n\n")[0]
    of_run = [name for name in declared if name not in ONLY_PLANNED]
    assert len(of_run) >= 5
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == [*of_run, TRAIN]
    assert {*of_run, TRAIN} == {"data", *OF_RUN}


@pytest.mark.extended
def test_the_role_of_the_launcher_has_the_rights_that_it_uses() -> None:
    from pipeline.kubeflow.container.host_job import HOSTS_LABEL, RIGHTS

    text = (ROOT / "docs/kubeflow/training-hosts.yaml").read_text(encoding="utf-8")
    claim, role, binding, policy = documents = [*yaml.safe_load_all(text)]
    assert [name for document in documents for name in unknown_fields(document)] == []
    granted = {
        (verb, resource, group)
        for rule in role["rules"]
        for verb in rule["verbs"]
        for resource in rule["resources"]
        for group in rule["apiGroups"]
    }
    assert granted == set(RIGHTS)
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert f"claim: {claim['metadata']['name']}, path: /shared" in TEXTS["distributed"]
    assert policy["spec"]["podSelector"]["matchExpressions"][0]["key"] == HOSTS_LABEL
