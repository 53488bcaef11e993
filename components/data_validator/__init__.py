"""DataValidator: stops a run whose data does not match its schema.

Read `component` first, then `executor`; `anomalies` formats the findings of TensorFlow Data Validation.
"""

from components.common.lazy_exports import lazy_exports

__getattr__ = lazy_exports(__name__, {"DataValidator": "component", "DataAnomalyError": "errors"})
