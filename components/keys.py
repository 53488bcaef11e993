"""Names that components share: artifact properties, files inside artifacts, signatures, splits."""

from __future__ import annotations

# Splits of a corpus, as CorpusExampleGen names them.
TRAIN_SPLIT = "train"
EVAL_SPLIT = "eval"
TEST_SPLIT = "test"

# Features of an Example, all bytes.
KEY = "key"
SENTENCE = "sentence"
TAGS = "tags"
SOURCE = "source"
RAW_TEXT = "raw_text"
"""The text as people write it, only of sentences that the served model may cut there in another way."""

TEXT_NAMES = (
    *("text", "sentence", "document_text", "sentence_text", "full_text", "content", "context"),
    *("tweet", "message", "utterance", "body"),
)
"""Usual names of the column or field that holds a text, of corpora and of rows to tag, in lower case."""

# CorpusExampleGen, DataValidator, DriftValidator.
TOKENIZER = "tokenizer"
"""Custom property of the examples: the tokenizer that CorpusExampleGen chose for the graph."""
NEWEST_SPAN = "newest"
"""Value of the execution property `span` for the newest existing span.

The property is a string because Kubeflow substitutes the values of a schedule, such as `[[ScheduledTime.20060102]]`,
in strings only.
"""
INGEST_REPORT_FOLDER = "ingest"
"""Folder of the examples artifact: one `IngestReport` per corpus file."""
INGEST_REPORT = "ingest_report"
"""Custom property of the examples artifact: JSON of the merged `IngestReport`."""
DATA_PROFILE_FILE = "data_profile.json"
"""`DataProfile` of the corpus."""
DRIFT_REPORT_FILE = "drift.json"
"""`DriftReport` of the corpus against the champion's training data."""
LINEAGE_FILE = "lineage.json"
"""Lineage tags in the data profile: properties of the examples as `data.<name>`, and `schema_hash`."""
DRIFTED = "drifted"
"""Custom property of the data profile: 1 if a drift limit is exceeded."""

# Features that Transform computes and a tagger reads by these names; components/transform/features.py has the others.
GAZETTEER = "gazetteer_"
"""Prefix of the features of a gazetteer; the type follows. Values are codes below `GAZETTEER_CODES`, 0 at padding."""
GAZETTEER_CODES = 6
CLUSTER_IDS = "cluster_ids"

# Transform, Trainer, Tuner.
MODEL_FILE = "model.keras"
"""Weights and sizes of the trained model."""
TRAINED_MODEL_FILE = "trained_model.json"
"""Tags, windows, outside bias and history of the trained model."""
TRANSFORM_GRAPH_FILE = "transform_graph.zip"
"""tf.Transform's output, with which the trained model reads raw texts as a teacher."""
HYPERPARAMETERS_FILE = "best_hyperparameters.txt"
"""File of the HyperParameters artifact. TFX's Tuner writes it; its name is not part of TFX's interface."""
TRAINER_SETTINGS_FILE = "trainer_settings.json"
"""File of a trained model: the settings of its training by dotted name, and the names that a search chose."""
TRAINER_SETTINGS = "trainer_settings"
"""Custom property of the trained model: the content of that file."""
VAL_ENTITY_F1 = "val_entity_f1"
"""Entity F1 on the eval split: a column of the history and a custom property of the trained model."""
VAL_ENTITIES = "val_entities"
"""Number of labelled entities of the eval split: a column of the history."""
EPOCHS = "epochs"
"""Custom property of the trained model: the number of epochs that it was trained for."""
MAX_EPOCHS = "max_epochs"
"""Custom property of the trained model: the value of `trainer.epochs` in that run."""

# Exporter: signatures of the served model.
SERVING_DEFAULT = "serving_default"
KEYED = "keyed"
UNKEYED = "unkeyed_signature"
FEATURE_FORWARD = "feature_forward"
SERVING_EXAMPLES = "serving_examples"
# Exporter: files and properties of the exported artifact.
CONTRACT_FILE = "contract.json"
VALIDATION_FILE = "validation.json"
VALIDATED = "validated"
SIGNATURES = "signatures"
# Files inside a SavedModel. TensorFlow Serving reads only the warm-up requests from assets.extra.
SAVED_MODEL_FILE = "saved_model.pb"
ASSETS_EXTRA = "assets.extra"
EMBEDDED_CONTRACT_FILE = "serving_contract.json"
PROVENANCE_FILE = "provenance.json"
MANIFEST_FILE = "manifest.json"
WARMUP_FILE = "tf_serving_warmup_requests"
GOLDEN_FILE = "golden_requests.json"
"""Requests with the model's answers, in assets.extra; a server asks them before it takes others."""

# Evaluator, Reporter.
SCORES_FILE = "scores.json"
"""`Evaluation` in the evaluation artifact."""
TRAINING_ENTITIES_FILE = "training_entities.npy"
"""Hashes of the training entities in the evaluation artifact."""
TRAINING_SENTENCES_FILE = "training_sentences.npy"
"""Hashes of the training sentences without their spaces, in the evaluation and with the weights of a version."""
WORD_TAGS_FILE = "word_tags.json"
"""Word -> its most frequent tag in the training data, unless that is O; in the evaluation artifact."""
FORCED = "forced"
"""Custom property of a blessing that was forced: the reason."""
REPORT_FILE = "report.html"
PROFILE_FOLDER = "data_profile"
"""Folder of the report with the files of the DriftValidator, for the registry."""
MISTAKES_FILE, SCORES_CSV_FILE, REPORT_JSON_FILE = "mistakes.csv", "scores.csv", "report.json"
"""Tables of the report next to it."""
TRIALS_CSV_FILE = "trials.csv"
"""Table of the trials of a search, next to the report of a run that searched."""
LEARNING_CURVE_FILE = "learning_curve.json"
"""Ending of the file with the learning curve of a run, next to its report in the work folder."""
MODEL_CARD_MARKDOWN_FILE = "model_card.md"
MODEL_CARD_JSON_FILE = "model_card.json"

# Registry: ChampionSource.
PRESENT = "present"
"""Custom property of ChampionSource's outputs: 0 if the artifact is empty, else 1."""
VERSION = "version"
"""Custom property of ChampionSource's outputs: number of the registered version."""
TREE_HASH = "tree_hash"
"""Custom property of ChampionSource's `champion_model` and of RegistryPusher's `pushed_model`: hash of the model."""
TRAINED_FOLDER = "trained"
"""Folder of the trained model, in `champion_trained_model` and among the files of a registered version."""
# Registry: custom properties of RegistryPusher's `pushed_model`; `pushed` and two more are TFX's own.
PUSHED = "pushed"
PUSHED_VERSION = "pushed_version"
PUSHED_DESTINATION = "pushed_destination"
REGISTRY_URI = "registry_uri"
REGISTRY_VERSION = "registry_version"
REGISTRY_ALIAS = "registry_alias"
REFUSAL_REASON = "reason"
"""Reason not to push the model."""
