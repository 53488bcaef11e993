"""Parts of a run: its request and inputs before it, its log and record during it, summary and report after it.

Read `request` and `inputs` first. `pipeline.local_run` puts the parts together.
"""

from components.common.lazy_exports import lazy_exports

__getattr__ = lazy_exports(__name__, {"RunRecord": "run_record", "RunRequest": "request"})
