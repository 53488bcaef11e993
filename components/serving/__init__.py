"""Exported models in use: tagging in this process or by a server, and packages for servers.

Read `saved_model_tagger` first, then `batch_prediction.job` and `packaging.packaging`.
"""

from components.common.lazy_exports import lazy_exports

__all__ = ["Entity", "RestTagger", "SavedModelTagger", "TaggedSentence", "package"]
__getattr__ = lazy_exports(
    __name__,
    {
        "Entity": "saved_model_tagger",
        "RestTagger": "rest_tagger",
        "SavedModelTagger": "saved_model_tagger",
        "TaggedSentence": "saved_model_tagger",
        "package": "packaging.packaging",
    },
)
