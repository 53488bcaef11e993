from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from components.common.hashing import tree_hash
from components.registry.errors import RegistryError
from components.registry.pusher import push as push_module
from components.registry.pusher.push import PushRequest, push, refusal_to_push
from components.registry.serving_directory.serving_directory import models_config, published_versions
from components.registry.store.version import VersionRecord


def _request(
    model_dir: Path, serving: Path, baseline: str = "", fingerprint: str = "a", blessed: bool = True, **changes
) -> PushRequest:
    validation = model_dir.parent / "validation.json"
    validation.write_text(json.dumps({"passed": True, "tree_hash": tree_hash(model_dir), "checks": []}))
    request = PushRequest(
        model_dir=model_dir,
        validation_file=validation,
        model_name="ner",
        serving_dir=serving,
        keep=2,
        record=VersionRecord(
            tags={"run_fingerprint": fingerprint, "baseline_version": baseline},
            metrics={"entity_f1": 0.9},
            files=(model_dir.parent / "absent.html",),
            blessed=blessed,
        ),
        verdict="entity F1 0.9",
        failures=() if blessed else ("entity_f1 is 0.1",),
        who="run 7",
    )
    return dataclasses.replace(request, **changes)


@pytest.fixture
def serving(tmp_path: Path) -> Path:
    return tmp_path / "serving"


def test_push_registers_promotes_and_publishes(registry, model_dir, serving):
    result = push(registry, _request(model_dir, serving))
    assert (result.pushed, result.reason, result.version.version) == (True, "", 1)
    assert result.destination == serving / "ner" / "1"
    assert tree_hash(result.destination) == tree_hash(model_dir)
    champion = registry.get("ner", "champion")
    assert champion == result.version
    tags = dict(champion.tags)
    assert {"assets/vocabulary.txt", "saved_model.pb", "variables/variables.index"} < set(json.loads(tags.pop("files")))
    assert tags == {
        "run_fingerprint": "a",
        "baseline_version": "",
        "metric.entity_f1": "0.9",
        "tree_hash": tree_hash(model_dir),
        "blessed": "true",
    }
    (entry,) = registry.champions("ner").history()
    assert (entry.action, entry.version, entry.who, entry.why) == ("promoted", 1, "run 7", "blessed: entity F1 0.9")
    assert (Path(champion.uri).parent / "card" / "validation.json").is_file()
    with registry.client() as client:
        assert client.get_model_version("ner", "1").description == "entity F1 0.9"


def test_the_registry_shares_the_files_of_the_artifact_and_servers_get_their_own(
    registry, model_dir, serving, tmp_path
):
    (tmp_path / "weights").write_bytes(b"weights")
    request = _request(model_dir, serving)
    record = dataclasses.replace(request.record, trained={"model.keras": tmp_path / "weights"})
    result = push(registry, dataclasses.replace(request, record=record))
    stored = Path(result.version.uri)
    assert (stored / "data" / "Format-Serving" / "saved_model.pb").samefile(model_dir / "saved_model.pb")
    assert (stored.parent / "trained" / "model.keras").samefile(tmp_path / "weights")
    assert {file.stat().st_nlink for file in result.destination.rglob("*") if file.is_file()} == {1}
    (result.destination / "saved_model.pb").write_bytes(b"edited in place")
    registry.verify(result.version)


def test_a_repeated_push_creates_no_second_version(registry, model_dir, serving):
    request = _request(model_dir, serving)
    first = push(registry, request)
    assert push(registry, request) == first
    assert len(registry.versions("ner")) == 1
    assert published_versions(serving, "ner") == (1,)


@pytest.mark.extended
def test_a_repeated_training_replaces_the_champion_from_the_same_inputs(registry, make_model, serving):
    push(registry, _request(make_model("one"), serving))
    again = push(registry, _request(make_model("other weights"), serving))
    assert (again.pushed, again.version.version) == (True, 2)
    assert registry.get("ner", "previous").version == 1
    stale = push(registry, _request(make_model("third"), serving, fingerprint="b"))
    assert not stale.pushed


@pytest.mark.extended
def test_push_keeps_the_replaced_champion_in_the_serving_directory(registry, make_model, serving):
    for number, baseline in ((1, ""), (2, "1"), (3, "2"), (4, "3"), (5, "4")):
        assert push(registry, _request(make_model(f"m{number}"), serving, baseline, f"run {number}")).pushed
    aliases = [version.aliases for version in registry.versions("ner")]
    assert aliases == [(), (), (), ("previous",), ("champion",)]
    assert models_config(serving, "ner") == ((4, 5), {"champion": 5, "previous": 4})
    assert published_versions(serving, "ner") == (2, 3, 4, 5)  # two without a label


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"blessed": False}, "the evaluator did not bless the model (entity_f1 is 0.1)"),
        ({"validation_file": Path("absent.json")}, "the exporter's validation report is missing"),
    ],
)
def test_a_refused_model_leaves_only_a_note(registry, model_dir, serving, changes, reason):
    result = push(registry, _request(model_dir, serving, **changes))
    push(registry, _request(model_dir, serving, **changes))
    (entry,) = registry.champions("ner").history()
    assert (entry.action, entry.version, entry.who, entry.why) == ("refused", None, "run 7", result.reason)
    assert result.reason.startswith(reason)
    assert (result.pushed, result.version, result.destination) == (False, None, None)
    assert registry.versions("ner") == ()
    assert not serving.exists()


def test_a_model_that_changed_after_validation_is_not_pushed(registry, model_dir, serving):
    request = _request(model_dir, serving)
    (model_dir / "saved_model.pb").write_bytes(b"other")
    result = push(registry, request)
    assert not result.pushed
    assert "the model is not the validated one" in result.reason
    assert registry.versions("ner") == ()


@pytest.mark.parametrize("baseline", ["", pytest.param("7", marks=pytest.mark.extended)])
def test_a_champion_without_a_comparison_is_not_replaced(registry, make_model, serving, baseline):
    push(registry, _request(make_model("first"), serving))
    result = push(registry, _request(make_model("second"), serving, baseline, "b"))
    assert not result.pushed
    assert result.reason.startswith("registered as candidate only: ner version 2: expected")
    assert result.version.aliases == ("candidate",)
    assert result.destination is None
    assert registry.get("ner", "champion").version == 1
    assert published_versions(serving, "ner") == (1,)


def test_a_repeated_push_does_not_undo_a_rollback(registry, make_model, serving):
    push(registry, _request(make_model("one"), serving))
    second = _request(make_model("two"), serving, "1", "b")
    push(registry, second)
    registry.champions("ner").rollback(why="it tags nothing")
    result = push(registry, second)
    assert (result.pushed, result.version.version) == (False, 2)
    assert "was rolled back" in result.reason
    assert registry.get("ner", "champion").version == 1


@pytest.mark.parametrize("step", ["publish", pytest.param("sync", marks=pytest.mark.extended)])
def test_an_interrupted_push_is_completed_by_the_next(registry, model_dir, serving, step, monkeypatch):
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    request = _request(model_dir, serving)
    with monkeypatch.context() as patch:
        patch.setattr(push_module, step, die)
        with pytest.raises(KeyboardInterrupt):
            push(registry, request)
    assert push(registry, request).pushed
    assert [version.aliases for version in registry.versions("ner")] == [("champion",)]
    assert published_versions(serving, "ner") == (1,)
    assert (serving / "models.config").is_file()


def test_a_malformed_baseline_is_refused_before_anything_is_written(registry, model_dir, serving):
    with pytest.raises(RegistryError, match="version 'champion': not a version number"):
        push(registry, _request(model_dir, serving, baseline="champion"))
    assert registry.versions("ner") == ()


def _write(model_dir, content):
    file = model_dir.parent / "validation.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def test_history_names_the_reason_of_a_forced_blessing(registry, model_dir, serving):
    request = _request(model_dir, serving)
    tags = {**request.record.tags, "forced_blessing": "the contract changed"}
    push(registry, dataclasses.replace(request, record=dataclasses.replace(request.record, tags=tags)))
    [entry] = registry.champions("ner").history()
    assert entry.why == "blessed by force (the contract changed): entity F1 0.9"


def test_a_blessed_and_validated_model_is_not_refused(model_dir):
    for digest in (tree_hash(model_dir), ""):
        report = {"passed": True, "tree_hash": digest, "checks": []}
        assert refusal_to_push(model_dir, _write(model_dir, report), blessed=True) == ""


def test_refusal_names_the_failed_checks(model_dir):
    checks = [
        {"name": "signatures", "passed": True, "detail": "4"},
        {"name": "batch of 0", "passed": False, "detail": "keyed: shape [1], not [0]; pad in the graph"},
        {"name": "ops", "passed": False, "detail": ""},
    ]
    file = _write(model_dir, {"passed": False, "tree_hash": tree_hash(model_dir), "checks": checks})
    assert refusal_to_push(model_dir, file, blessed=True) == (
        "the exporter's validation failed (batch of 0: keyed: shape [1], not [0]; pad in the graph, ops: no detail)"
    )


def test_only_true_counts_as_passed(model_dir):
    for passed in (False, None, "true", 1):
        assert "validation failed" in refusal_to_push(model_dir, _write(model_dir, {"passed": passed}), blessed=True)


@pytest.mark.extended
def test_refusal_of_a_model_that_changed_after_validation(model_dir):
    validated = tree_hash(model_dir)
    file = _write(model_dir, {"passed": True, "tree_hash": validated, "checks": []})
    (model_dir / "assets" / "vocabulary.txt").write_text("other")
    assert refusal_to_push(model_dir, file, blessed=True) == (
        f"the model is not the validated one (tree hash {tree_hash(model_dir)}, validated was {validated})"
    )


def test_refusal_without_a_validation(model_dir):
    file = model_dir.parent / "validation.json"
    refusal = refusal_to_push(model_dir, file, blessed=True)
    assert refusal == f"the exporter's validation report is missing ({file} does not exist)"


def test_refusal_of_an_unreadable_validation(model_dir):
    for content in ("{", "", "[true]", '"passed"', "ÿ"):
        reason = refusal_to_push(model_dir, _write(model_dir, content), blessed=True)
        assert "validation report is unreadable" in reason


@pytest.mark.extended
def test_refusal_gives_every_reason(model_dir):
    reason = refusal_to_push(model_dir, _write(model_dir, {"passed": False, "tree_hash": "0" * 64}), blessed=False)
    first, second, third = reason.split("; ")
    assert first == "the evaluator did not bless the model"
    assert second == "the exporter's validation failed"
    assert third.startswith("the model is not the validated one")
