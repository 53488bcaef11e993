"""Which version a run is compared with."""

from __future__ import annotations

from components.registry.names import BASELINE_VERSION_TAG, CHAMPION, NO_VERSION, RUN_FINGERPRINT_TAG
from components.registry.store.model_registry import ModelRegistry


def resolve_baseline(registry: ModelRegistry, name: str, run_fingerprint: str) -> str:
    """Resolves "the champion" to an explicit version before a run starts.

    A champion that came out of the very same inputs is not a baseline for them: the run is an unchanged repetition, and
    it must ask for the same baseline as the first time, so that TFX finds every node in its cache.

    Args:
        registry: The model registry; one that does not exist yet has no champion.
        name: Name of the registered model.
        run_fingerprint: Fingerprint of everything the run about to start is made from.

    Returns:
        The version number as text, or "none".

    Raises:
        RegistryError: If the registry cannot be read.
    """
    champion = registry.get(name, CHAMPION)
    if champion is None:
        return NO_VERSION
    if run_fingerprint and champion.tags.get(RUN_FINGERPRINT_TAG) == run_fingerprint:
        return champion.tags.get(BASELINE_VERSION_TAG) or NO_VERSION
    return str(champion.version)
