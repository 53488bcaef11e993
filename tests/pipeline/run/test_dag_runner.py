"""Local runs: their ids, and a cache that follows contents and the registry."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.snapshot import snapshot

from components import keys
from components.common.progress import progress_to
from components.registry.model_registry import ModelRegistry
from configs.loading import load_config
from pipeline.run.run_record import metadata_path, read_run


def run(work: Path, corpus: Path):
    """Runs the first two nodes; returns (run id, configuration)."""
    from tfx.components import StatisticsGen
    from tfx.orchestration import metadata
    from tfx.orchestration.pipeline import Pipeline

    from components.corpus_example_gen import CorpusExampleGen
    from pipeline.run.dag_runner import DagRunner

    config = load_config(None, [f"work_dir={work}", f"corpus.path={corpus}"])
    examples = CorpusExampleGen(settings=config.corpus, input_base=str(corpus))
    runner = DagRunner(config)
    runner.run(
        Pipeline(
            pipeline_name="ner",
            pipeline_root=str(config.root / "artifacts"),
            components=[examples, StatisticsGen(examples=examples.outputs["examples"])],
            enable_cache=True,
            metadata_connection_config=metadata.sqlite_metadata_connection_config(metadata_path(config)),
            beam_pipeline_args=["--direct_num_workers=1", "--sdk_container_image=none"],
        )
    )
    return runner.run_id, config


def states(run_id, config):
    return [node.state for node in read_run(config, run_id).nodes]


def test_a_moved_work_folder_keeps_its_cache_and_a_copy_leaves_the_original_alone(tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name in ("train", "dev"):
        (corpus / f"{name}.tsv").write_text(f"{name} a\tB-PER O\n")
    reports = []
    with progress_to(lambda *report: reports.append(report)):
        first = run(tmp_path / "work", corpus)
    assert states(*first) == ["run", "run"]
    last = [total for _, done, total, _ in reports if done == total]
    assert len(last) >= 2, "each pipeline of Beam reports its stages"

    (tmp_path / "work").rename(tmp_path / "moved")
    corpus = corpus.rename(tmp_path / "moved corpus")
    second = run(tmp_path / "moved", corpus)
    assert states(*second) == ["cached", "cached"]
    assert not (tmp_path / "work").exists()
    of_first, of_second = (read_run(second[1], run_id) for run_id in (first[0], second[0]))
    assert of_first.outputs == of_second.outputs, "the older run's paths follow, too"
    assert all(Path(uri).is_relative_to(tmp_path / "moved") for uri, _ in of_second.outputs.values())
    assert [node.state for node in of_first.nodes] == ["run", "run"], "each run has its own record"

    shutil.copytree(tmp_path / "moved", tmp_path / "copy")
    before = snapshot(tmp_path / "moved")
    (corpus / "train.tsv").write_text("other a\tB-PER O\n")
    assert states(*run(tmp_path / "copy", corpus)) == ["run", "run"]
    assert snapshot(tmp_path / "moved") == before


def test_a_push_counts_as_cached_while_the_registry_and_the_server_have_it(tmp_path):
    from tfx.types import standard_artifacts

    from pipeline.run.dag_runner import _is_still_pushed

    config = load_config(None, [f"work_dir={tmp_path / 'work'}"])
    model = tmp_path / "model"
    model.mkdir()
    (model / "saved_model.pb").write_bytes(b"graph")
    registry = ModelRegistry(config.registry_uri)
    version = registry.register(model, "ner")
    registry.champions("ner").promote(1, None, "a test", force=True)
    pushed = standard_artifacts.PushedModel()
    assert _is_still_pushed(pushed, config), "a refusal needs no registry"
    for name, value in ((keys.PUSHED, 1), (keys.REGISTRY_VERSION, 1)):
        pushed.set_int_custom_property(name, value)
    pushed.set_string_custom_property(keys.TREE_HASH, version.tree_hash)
    assert _is_still_pushed(pushed, config)
    served = tmp_path / "serving" / "ner" / "1"
    pushed.set_string_custom_property(keys.PUSHED_DESTINATION, str(served))
    assert not _is_still_pushed(pushed, config)
    served.mkdir(parents=True)
    assert _is_still_pushed(pushed, config)
    shutil.rmtree(tmp_path / "work" / "registry")
    assert not _is_still_pushed(pushed, config)


@pytest.mark.extended
def test_a_cached_push_of_a_champion_that_was_replaced_runs_again(tmp_path):
    from tfx.types import standard_artifacts

    from pipeline.run.dag_runner import _is_still_pushed

    config = load_config(None, [f"work_dir={tmp_path}"])
    registry = ModelRegistry(config.registry_uri)
    for number in (1, 2):
        model = tmp_path / f"model-{number}"
        model.mkdir()
        (model / "saved_model.pb").write_bytes(b"graph %d" % number)
        version = registry.register(model, "ner")
        registry.champions("ner").promote(number, None if number == 1 else 1, "a test", force=True)
    pushed = standard_artifacts.PushedModel()
    for name, value in ((keys.PUSHED, 1), (keys.REGISTRY_VERSION, 2)):
        pushed.set_int_custom_property(name, value)
    pushed.set_string_custom_property(keys.TREE_HASH, version.tree_hash)
    assert _is_still_pushed(pushed, config)
    registry.champions("ner").rollback(why="a test")
    assert not _is_still_pushed(pushed, config)
