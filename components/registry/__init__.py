"""Model registry: versions of models in MLflow, the champion, and the directory that TensorFlow Serving reads.

Read `model_registry` first (`ModelRegistry` is the entry point), then `champions` (promotion, rollback, history) and
`serving_directory`. `store` holds everything that touches MLflow. `pusher` and `champion_source` are the two TFX
components on top: RegistryPusher ends a run, ChampionSource supplies the model that the run is compared with.
"""

from __future__ import annotations

from components.common.lazy_exports import lazy_exports

__all__ = ["Champions", "ModelRegistry", "RegisteredVersion", "RegistryError", "VersionRecord", "sync"]

__getattr__ = lazy_exports(
    __name__,
    {
        "Champions": "champions.champions",
        "ModelRegistry": "model_registry",
        "RegisteredVersion": "store.version",
        "RegistryError": "errors",
        "VersionRecord": "store.version",
        "sync": "serving_directory.serving_sync",
    },
)
