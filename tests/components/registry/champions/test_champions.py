from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from components.registry.champions import champion_changes
from components.registry.champions.champions import refusal_to_promote
from components.registry.champions.history import LOST, PROMOTED, REFUSED, ROLLED_BACK, ChampionLine, HistoryEntry
from components.registry.errors import ChampionMovedError, PromotionRefusedError, RegistryError
from components.registry.model_registry import ModelRegistry
from components.registry.store.version import RegisteredVersion


def _aliases(registry: ModelRegistry) -> dict[str, int]:
    return {alias: version.version for version in registry.versions("ner") for alias in version.aliases}


def _story(registry: ModelRegistry) -> list[tuple[str, int | None, int | None]]:
    return [(entry.action, entry.version, entry.replaced) for entry in registry.champions("ner").history()]


def _mlflow_aliases(registry: ModelRegistry) -> dict[str, int]:
    with registry.client() as client:
        return {alias: int(number) for alias, number in client.get_registered_model("ner").aliases.items()}


def test_promote_sets_champion_and_previous_and_writes_the_history(three_champions):
    assert _aliases(three_champions) == _mlflow_aliases(three_champions) == {"champion": 3, "previous": 2}
    assert _story(three_champions) == [(PROMOTED, 1, None), (PROMOTED, 2, 1), (PROMOTED, 3, 2)]
    entry = three_champions.champions("ner").history()[1]
    assert (entry.number, entry.who, entry.why, entry.forced) == (2, "tester", "reason 2", False)
    assert three_champions.champions("ner").moved_aliases() == {}


@pytest.mark.extended
def test_promote_removes_the_alias_candidate(registry, register):
    register("one")
    registry.set_alias("ner", "candidate", 1)
    assert registry.champions("ner").promote(1, None).aliases == ("champion",)


@pytest.mark.extended
def test_promote_records_the_user_by_default(registry, register):
    register("one")
    registry.champions("ner").promote(1, None)
    assert registry.champions("ner").history()[0].who == champion_changes.acting_user()


def test_promote_over_another_champion_is_refused_and_changes_nothing(registry, register):
    register("one")
    register("two")
    register("three", "3")
    registry.champions("ner").promote(1, None)
    before = (registry.versions("ner"), _story(registry))
    for version, expected in ((2, None), (3, 3)):
        with pytest.raises(ChampionMovedError, match=r": expected .*, but the champion is now version 1"):
            registry.champions("ner").promote(version, expected)
    assert (registry.versions("ner"), _story(registry)) == before


@pytest.mark.extended
def test_promote_of_the_champion_again_changes_nothing(three_champions):
    before = _story(three_champions)
    assert three_champions.champions("ner").promote(3, None).aliases == ("champion",)
    assert _story(three_champions) == before


@pytest.mark.extended
def test_promote_of_a_missing_version_is_an_error(registry, register):
    register("one")
    with pytest.raises(RegistryError, match="ner: no version 2 in sqlite:"):
        registry.champions("ner").promote(2, None)


def test_promote_needs_a_blessing_or_a_reason(registry, register):
    register("one", blessed=False)
    champions = registry.champions("ner")
    with pytest.raises(PromotionRefusedError, match="not blessed"):
        champions.promote(1, None)
    with pytest.raises(PromotionRefusedError, match="needs a reason"):
        champions.promote(1, None, " ", force=True)
    assert champions.promote(1, None, "the customer waits", force=True).aliases == ("champion",)
    (entry,) = champions.history()
    assert (entry.forced, entry.why) == (True, "the customer waits")


def test_promote_refuses_files_that_changed_after_registration(registry, register):
    version = register("one")
    (Path(version.uri) / "data" / "Format-Serving" / "saved_model.pb").write_bytes(b"other")
    with pytest.raises(RegistryError, match="changed or damaged"):
        registry.champions("ner").promote(1, None)
    assert registry.get("ner", "champion") is None
    assert _story(registry) == []


def test_rollback_goes_back_step_by_step(three_champions):
    champions = three_champions.champions("ner")
    assert champions.rollback(why="it tags nothing", who="tester").version == 2
    assert _aliases(three_champions) == _mlflow_aliases(three_champions) == {"champion": 2, "previous": 1}
    assert champions.rollback().version == 1
    assert _aliases(three_champions) == _mlflow_aliases(three_champions) == {"champion": 1}
    with pytest.raises(RegistryError, match="no earlier champion"):
        champions.rollback()
    assert _story(three_champions)[3:] == [(ROLLED_BACK, 2, 3), (ROLLED_BACK, 1, 2)]
    assert champions.history()[3].why == "it tags nothing"


@pytest.mark.extended
def test_rollback_goes_back_to_any_earlier_champion_and_forward_again(three_champions):
    champions = three_champions.champions("ner")
    assert champions.rollback(1).aliases == ("champion",)
    assert champions.rollback(3).aliases == ("champion",)
    assert _aliases(three_champions) == {"champion": 3, "previous": 1}


@pytest.mark.extended
def test_rollback_to_a_version_that_was_never_champion_is_refused(three_champions, register):
    register("four", "3")
    with pytest.raises(RegistryError, match=r"version 4: was never champion \(champions were: 1, 2, 3\)"):
        three_champions.champions("ner").rollback(4)


@pytest.mark.extended
def test_rollback_in_an_empty_registry_is_an_error(tmp_path):
    with pytest.raises(RegistryError, match="is empty"):
        ModelRegistry(f"sqlite:///{tmp_path}/mlflow.db").champions("ner").rollback()


def test_a_version_that_was_rolled_back_needs_a_forced_promotion(three_champions):
    champions = three_champions.champions("ner")
    champions.rollback()
    with pytest.raises(PromotionRefusedError, match="ner version 3: was rolled back"):
        champions.promote(3, 2)
    assert champions.promote(3, 2, "the data was to blame", force=True).aliases == ("champion",)


def test_the_loss_of_a_deleted_champion_is_recorded_before_the_next_one(three_champions, register):
    with three_champions.client() as client:
        client.delete_model_version("ner", "3")  # in MLflow's UI, which drops the alias silently
    assert three_champions.get("ner", "champion") is None
    assert _aliases(three_champions) == {"previous": 2}
    register("four", "")
    assert three_champions.champions("ner").promote(4, None).aliases == ("champion",)
    assert _story(three_champions)[3:] == [(LOST, None, 3), (PROMOTED, 4, None)]


@pytest.mark.extended
def test_rollback_skips_deleted_versions(three_champions):
    with three_champions.client() as client:
        client.delete_model_version("ner", "2")
    assert _aliases(three_champions) == {"champion": 3, "previous": 1}
    assert three_champions.champions("ner").rollback().version == 1
    with three_champions.client() as client:
        client.delete_model_version("ner", "1")
    assert three_champions.champions("ner").rollback(3).version == 3


def test_a_promotion_made_in_mlflow_has_no_effect_until_it_is_adopted(three_champions, register):
    register("model 4", "3", blessed=False)
    champions = three_champions.champions("ner")
    with three_champions.client() as client:
        client.set_registered_model_alias("ner", "champion", "4")
    (change,) = champions.outside_changes()
    assert change == (
        "MLflow's alias champion points to version 4; the history says version 3, and it decides. "
        "The alias was changed by hand, or a change was interrupted. "
        "`ner registry adopt --why ...` takes it into the history; a promotion or rollback sets the alias back."
    )
    assert champions.adopt("it reads the new forms", who="ada").aliases == ("champion",)
    assert champions.outside_changes() == ()
    last = champions.history()[-1]
    assert (last.version, last.replaced, last.forced, last.who) == (4, 3, True, "ada")
    assert last.why == "adopted from MLflow's alias: it reads the new forms"
    assert _mlflow_aliases(three_champions) == {"champion": 4, "previous": 3}
    with pytest.raises(RegistryError, match="cannot be adopted, it agrees with the history"):
        champions.adopt("again")


def test_a_champion_deleted_in_mlflow_can_be_followed_by_one_promoted_there(three_champions):
    champions = three_champions.champions("ner")
    with three_champions.client() as client:
        client.delete_model_version("ner", "3")
        client.set_registered_model_alias("ner", "champion", "1")
    lost, moved, *_ = champions.outside_changes()
    assert lost.startswith("the champion, version 3, was deleted outside of ner.")
    assert moved.startswith("MLflow's alias champion points to version 1; the history says no version")
    assert champions.adopt("the last good one").version == 1
    assert [entry.action for entry in champions.history()[-2:]] == ["lost", "promoted"]


@pytest.mark.parametrize("call", ["delete_registered_model_alias", "rename_registered_model"])
def test_a_deleted_alias_and_a_renamed_model_are_reported(three_champions, call):
    champions = three_champions.champions("ner")
    other = "champion" if call == "delete_registered_model_alias" else "other"
    with three_champions.client() as client:
        getattr(client, call)("ner", other)
    (change,) = champions.outside_changes()
    if other == "other":
        assert "the registered model 'ner' was deleted or renamed in MLflow. Rename it back." in change
    else:
        assert change.startswith("MLflow's alias champion was deleted; the history says version 3, and it decides.")
        assert three_champions.get("ner", "champion").version == 3
    with pytest.raises(RegistryError, match="cannot be adopted, there is none"):
        champions.adopt("why")


def test_an_alias_that_was_moved_by_hand_is_reported_and_corrected(three_champions, register):
    with three_champions.client() as client:
        client.set_registered_model_alias("ner", "champion", "1")
    champions = three_champions.champions("ner")
    assert champions.moved_aliases() == {"champion": 1}
    assert three_champions.get("ner", "champion").version == 3
    champions.promote(3, 3)
    assert champions.moved_aliases() == {}
    assert _mlflow_aliases(three_champions)["champion"] == 3


@pytest.mark.parametrize("method", ["set_registered_model_alias", "create_model_version"])
def test_an_interrupted_promotion_happened_completely_or_not_at_all(three_champions, register, method, monkeypatch):
    """MLflow has no transaction over alias and history, so an interruption between its calls must not be visible."""

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    register("four", "3")
    champions = three_champions.champions("ner")
    with three_champions.client() as client, monkeypatch.context() as patch:
        patch.setattr(client, method, die)
        with pytest.raises(KeyboardInterrupt):
            champions.promote(4, 3)
    done = method == "set_registered_model_alias"  # the history was written before
    assert _aliases(three_champions) == ({"champion": 4, "previous": 3} if done else {"champion": 3, "previous": 2})
    assert len(_story(three_champions)) == (4 if done else 3)
    assert champions.promote(4, 3).aliases == ("champion",)
    assert _aliases(three_champions) == _mlflow_aliases(three_champions) == {"champion": 4, "previous": 3}
    assert len(_story(three_champions)) == 4


def test_of_two_writers_without_a_lock_one_wins_and_the_other_gets_an_error(three_champions, register, monkeypatch):
    """Both read champion 3; the registry received the other entry first."""
    register("four", "3")
    register("five", "3")
    champions = three_champions.champions("ner")
    write = champion_changes.write_entry

    def slow(client, name, entry):
        write(client, name, HistoryEntry.new(PROMOTED, 5, 3, who="the other", why=""))
        return write(client, name, entry)

    monkeypatch.setattr(champion_changes, "write_entry", slow)
    with pytest.raises(ChampionMovedError, match=r"ner version 4: expected .* version 3, but .* version 5"):
        champions.promote(4, 3)
    assert champions.line().champion == 5
    assert champions.line().void == {5}
    assert three_champions.get("ner", "champion").version == 5


def test_a_repeated_note_is_written_once(three_champions):
    champions = three_champions.champions("ner")
    for why in ("not blessed", "not blessed", "not validated", "not blessed"):
        champions.note(REFUSED, why, who="run 1")
    assert [entry.why for entry in champions.history()[3:]] == ["not blessed", "not validated", "not blessed"]
    assert {entry.replaced for entry in champions.history()[3:]} == {3}
    assert champions.line().champion == 3


@pytest.mark.extended
def test_a_note_needs_no_version(registry):
    registry.champions("ner").note(REFUSED, "not blessed")
    assert _story(registry) == [(REFUSED, None, None)]
    assert registry.versions("ner") == ()
    assert registry.get("ner", "champion") is None


@pytest.mark.extended
def test_the_history_of_a_registry_that_does_not_exist_is_empty(tmp_path):
    champions = ModelRegistry(f"sqlite:///{tmp_path}/mlflow.db").champions("ner")
    assert champions.history() == ()
    assert champions.line().champion is None
    assert champions.moved_aliases() == {}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.extended
def test_mlflow_loads_an_earlier_champion_by_its_history_entry(three_champions):
    with three_champions.client() as client:
        entry = client.get_model_version("ner.history", "2")
        version = client.get_model_version("ner", "2")
        assert client.get_model_version_download_uri("ner.history", "2") == version.source
    assert entry.source == "models:/ner/2"


def _version(number: int, baseline: str = "", fingerprint: str = "", blessed: str = "true") -> RegisteredVersion:
    tags = {"baseline_version": baseline, "run_fingerprint": fingerprint, "blessed": blessed}
    return RegisteredVersion("ner", number, (), tags, "", "", datetime(2026, 1, 1, tzinfo=UTC))


def test_a_blessing_against_the_champion_counts():
    for version, champion, replaced in (
        (_version(1), None, None),
        (_version(1, "none"), None, None),
        (_version(4, "3"), _version(3), 3),
        (_version(4, "2", "same"), _version(3, "2", "same"), 3),
    ):
        entry = HistoryEntry.new(PROMOTED, version.version, replaced, who="", why="")
        assert refusal_to_promote(version, champion, entry, ChampionLine()) == ""


def test_any_other_blessing_is_refused_unless_it_is_forced():
    for version, champion, replaced, reason in (
        (_version(4, "3", blessed="false"), _version(3), 3, "ner version 4: not blessed"),
        (_version(4, "2"), _version(3), 3, "was blessed against version 2 and would replace version 3"),
        (_version(4, ""), _version(3), 3, "was blessed against no version"),
        (_version(4, "3"), None, None, "would replace no version"),
        (_version(4, "2", ""), _version(3, "2", ""), 3, "was blessed against version 2"),
        (_version(4, "2", "same"), _version(3, "2", "other"), 3, "was blessed against version 2"),
    ):
        entry = HistoryEntry.new(PROMOTED, version.version, replaced, who="", why="because")
        assert reason in refusal_to_promote(version, champion, entry, ChampionLine())
        forced = HistoryEntry.new(PROMOTED, version.version, replaced, who="", why="because", forced=True)
        assert refusal_to_promote(version, champion, forced, ChampionLine()) == ""


def test_a_version_that_was_rolled_back_is_refused():
    entry = HistoryEntry.new(PROMOTED, 4, 3, who="", why="")
    line = ChampionLine(champion=3, taken_back=frozenset({4}))
    assert "was rolled back" in refusal_to_promote(_version(4, "3"), _version(3), entry, line)
