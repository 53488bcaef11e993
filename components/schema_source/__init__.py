"""SchemaSource: writes the schema of the data, whose text travels with the pipeline.

Read `component` first, then `executor`.
"""

from components.common.lazy_exports import lazy_exports

__getattr__ = lazy_exports(__name__, {"SchemaSource": "component"})
