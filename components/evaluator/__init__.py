"""Evaluator: scores the exported model and the champion, and blesses the model or not.

Read component.py first, then executor.py: inputs.py checks the inputs, tfma/ counts in Beam, counts/ turns counts into
scores, blessing/ decides, results/ is the document that everybody reads. delayed_labels/ scores logged predictions.
"""

from components.common.lazy_exports import lazy_exports

__getattr__ = lazy_exports(
    __name__,
    {
        "BlessingRule": "blessing.rule",
        "Evaluation": "results.evaluation",
        "EvaluationError": "errors",
        "Evaluator": "component",
        "EvaluatorSettings": "settings",
        "decide": "blessing.blessing",
        "evaluate_delayed_labels": "delayed_labels.evaluation",
        "read_evaluation": "results.scores_file",
        "write_evaluation": "results.scores_file",
    },
)
