"""Batch prediction: a file of rows with keys in, the same rows with entities out.

Read `job` first (the job and its result), then `sources` (chunks of the input), `rows` (one row of a chunk), `tagging`
(work of one process), `pool` (processes), `shards` (state that survives a kill) and `formats` (rows of the output).
`engine` runs the same job as a Beam pipeline.
"""

from components.common.lazy_exports import lazy_exports

__all__ = ["BatchJob", "BatchResult", "run_batch"]
__getattr__ = lazy_exports(__name__, dict.fromkeys(__all__, "job"))
