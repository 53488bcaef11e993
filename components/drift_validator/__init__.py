"""DriftValidator: profiles the corpus and compares it with the champion's training data.

Read drift_report.py first (`DriftReport`, the result), then comparison.py (distances) and executor.py (decision).
request_log.py profiles logged requests for `ner drift`.
"""

from components.common.lazy_exports import lazy_exports

__getattr__ = lazy_exports(
    __name__,
    {
        "DataProfile": "data_profile",
        "Drift": "drift_report",
        "DriftError": "errors",
        "DriftReport": "drift_report",
        "DriftValidator": "component",
        "RequestLogError": "errors",
        "compare": "comparison",
        "profile_requests": "request_log",
    },
)
