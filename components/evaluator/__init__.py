"""Evaluator: scores the exported model and the champion, and blesses the model or not.

Read component.py first, then executor.py: inputs.py checks the inputs, tfma/ counts in Beam, counts/ turns counts into
scores, insights/ explains errors, blessing/ decides, results/ is the document that everybody reads. labelled_corpus/
scores any tagger on any labelled data, delayed_labels/ logged predictions; neither needs TFX.
"""

from components.common.lazy_exports import lazy_exports

__getattr__ = lazy_exports(
    __name__,
    {
        "BlessingRule": "blessing.rule",
        "CorpusEvaluation": "labelled_corpus.result",
        "CorpusOptions": "labelled_corpus.evaluation",
        "EvaluatedModel": "labelled_corpus.tagged_text",
        "Evaluation": "results.evaluation",
        "EvaluationError": "errors",
        "Evaluator": "component",
        "EvaluatorSettings": "settings",
        "decide": "blessing.blessing",
        "evaluate_corpus": "labelled_corpus.evaluation",
        "evaluate_delayed_labels": "delayed_labels.evaluation",
        "read_evaluation": "results.scores_file",
        "write_evaluation": "results.scores_file",
    },
)
