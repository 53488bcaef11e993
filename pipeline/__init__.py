"""The pipeline: components wired together, its runners, and the `ner` command.

Read `create` first: it has one property for each node, in the order of the data. `local_run` runs the pipeline on this
machine, `kubeflow/` compiles and runs it on a cluster. `cli/` has one module for each command, `retraining/` decides
when to train again, `registry_view/` shows the registry, and `run/` has the parts that all runs share.
"""

from components.common.lazy_exports import lazy_exports

__getattr__ = lazy_exports(
    __name__,
    {"RunRequest": "run.request", "Target": "target", "create_pipeline": "create", "run_locally": "local_run"},
)
