from __future__ import annotations

from components.common.errors import NerError
from components.registry.errors import ChampionMovedError, RegistryError


def test_registry_errors_are_shown_to_the_user_as_they_are():
    assert issubclass(RegistryError, NerError)
    assert issubclass(ChampionMovedError, RegistryError)
    assert str(ChampionMovedError("the whole message")) == "the whole message"
