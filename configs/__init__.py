"""Configuration: YAML files and the typed models that check them.

Start with base.yaml, the only home of defaults. `loading` reads it, a profile and `--set` into the `PipelineConfig` of
`spec`, which composes the settings models of the components. `cluster_loading` and `cluster_spec` do the same for
kubeflow.yaml and vertex.yaml.
"""

from components.common.lazy_exports import lazy_exports

__getattr__ = lazy_exports(
    __name__,
    {
        "ClusterConfig": "cluster_spec",
        "ConfigError": "layers",
        "PipelineConfig": "spec",
        "load_cluster": "cluster_loading",
        "load_config": "loading",
    },
)
