"""Known mistakes of exported models, and the error that names one. docs/pitfalls.md is generated from `PITFALLS`.

The first entries come from the articles that this project builds on; the others were met while it was built.
"""

from __future__ import annotations

import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Pitfall:
    """One known mistake, as the validator and docs/pitfalls.md describe it.

    Attributes:
        title: the mistake in a few words.
        symptom: how it shows, usually too late.
        cause: the reason.
        cure: the fix.
    """

    title: str
    symptom: str
    cause: str
    cure: str


def printable(text: str) -> str:
    r"""Returns a text of a model for a terminal, in which control characters would move or hide other text.

    Example:
        >>> printable("a\x1b[2J\n")
        'a\\x1b[2J\\n'
    """
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


@dataclasses.dataclass(frozen=True)
class NothingToCheck:
    """Result of a check that had nothing to check: it neither passed nor failed.

    Attributes:
        reason: what the model lacks.
    """

    reason: str


def counted(number: int, noun: str) -> str:
    """Returns a number with its noun; this process has nothing of components.common.

    >>> counted(1, "variable"), counted(2, "variable")
    ('1 variable', '2 variables')
    """
    return f"{number:,} {noun if number == 1 else f'{noun}s'}"


class CheckFailedError(Exception):
    """A failed check: its finding, and the pitfall behind it.

    Attributes:
        detail: the finding.
        pitfall: a key of `PITFALLS`.
    """

    def __init__(self, pitfall: str, detail: str) -> None:
        """Stores both; names come from the model, so control characters become escapes and more lines are indented."""
        self.detail = "\n  ".join(map(printable, detail.split("\n")))
        super().__init__(self.detail)
        self.pitfall = pitfall

    @property
    def fix(self) -> str:
        """The cure of the pitfall."""
        return PITFALLS[self.pitfall].cure


def diagnose(error: Exception, otherwise: str, action: str) -> CheckFailedError:
    """Maps an error of TensorFlow to the mistake behind it.

    Args:
        error: the error; only its message is read.
        otherwise: the pitfall if the message matches no known one.
        action: the attempted action, for the detail.

    Example:
        >>> diagnose(ValueError("Op type not registered 'Foo'"), "cannot_load", "loading").pitfall
        'custom_op'
    """
    text = str(error)
    matches = (pitfall for pattern, pitfall in _MESSAGES if re.search(pattern, text))
    return CheckFailedError(next(matches, otherwise), f"{action}: {_shortened(text)}")


def _shortened(text: str) -> str:
    """Drops the lines that TensorFlow repeats for every function on the way."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and "{{node" not in line]
    joined = " ".join(lines)
    return joined if len(joined) <= _LONGEST else f"{joined[:_LONGEST]} ..."


_LONGEST = 600  # characters of an error of TensorFlow
_MESSAGES = (
    (r"OOM when allocating|RESOURCE_EXHAUSTED|failed to allocate memory|bad_alloc", "too_much_memory"),
    (r"Could not find variable|Error while reading resource variable|uninitialized", "keras_variables"),
    (r"PyFunc|callback with key|Could not find callback", "py_function"),
    (r"Op type not registered|No OpKernel was registered", "custom_op"),
    (r"variables\.index|\.data-\d+-of-\d+; No such file", "file_missing"),
    (r"OUT_OF_RANGE|Data loss|DATA_LOSS|checksum|truncated|corrupt|less bytes than requested", "file_changed"),
    (r"assets/.*No such file|No such file.*assets/", "file_missing"),
)

PITFALLS: dict[str, Pitfall] = {
    "loss_saved": Pitfall(
        "The loss is saved with the model",
        'Loading fails elsewhere: "Unknown loss function: CustomNonPaddingTokenLoss".',
        "The model was compiled when it was saved, so its training configuration names a class that only the training "
        "code has.",
        "Save only what inference needs: rebuild the model from its config, copy the weights, do not compile it, and "
        "export it with tf.saved_model.save or keras.export.ExportArchive.",
    ),
    "lambda_layer": Pitfall(
        "A Lambda layer",
        "The saved model holds Python byte code: it loads with the same Python version only, or not at all.",
        "A Lambda layer has no config except its code, and nothing tracks the tables and variables that the code "
        "captures.",
        "Write a registered keras.layers.Layer subclass with get_config that keeps what it uses in attributes.",
    ),
    "no_get_config": Pitfall(
        "A layer without get_config",
        "Saving fails with NotImplementedError, or loading with a TypeError about missing arguments of __init__.",
        "Keras can only save layers that return the arguments of their constructor.",
        "Give the layer get_config (and **kwargs passed to super().__init__), register it with "
        "keras.saving.register_keras_serializable, and return plain values: numbers, strings, lists.",
    ),
    "table_in_closure": Pitfall(
        "A table or variable captured in a closure",
        "Saving fails: \"Tried to export a function which references an 'untracked' resource\".",
        "The exported function uses a lookup table (or a variable) that is not an attribute of the exported object, "
        "often through a Lambda layer or a global.",
        "Make the table an attribute of the tf.Module that is saved (self.table = table); for a loaded SavedModel, "
        "keep the loaded object itself as an attribute.",
    ),
    "int_label_table": Pitfall(
        "A label table with keys of the wrong integer type",
        "Tracing fails: \"Dtype of argument `keys` must be <dtype: 'int32'>, received: <dtype: 'int64'>\".",
        "A table built from a Python dict with int keys has int32 keys; tf.argmax returns int64.",
        "Make the keys int64: tf.constant(list(labels), tf.int64), or read the labels from a vocabulary asset with "
        "tf.lookup.TextFileInitializer (LINE_NUMBER -> WHOLE_LINE).",
    ),
    "ids_for_strings": Pitfall(
        "Ids instead of strings",
        "Clients must tokenize and look up words themselves, or get numbers instead of tags; requests with text fail: "
        '"Could not find matching concrete function ... dtype=tf.int64".',
        "The network was exported without its preprocessing or without its label lookup.",
        "Put both into the exported graph: tokenizer and word table before the network, tf.argmax and a label table "
        "after it. Inputs are raw strings, outputs are tags.",
    ),
    "keras_variables": Pitfall(
        "Keras variables tracked so that only Python can load them",
        'tf.saved_model.load works. TensorFlow Serving loads, too, and fails at the first request: "Could not find '
        'variable ner/kernel_2 ... Resource does not exist".',
        "The Keras 3 model itself is an attribute of the saved object. A KerasVariable is exported as a second "
        "variable; the checkpoint restores that one, and the one that the graph reads is never initialized "
        "(keras-team/keras#19274).",
        "Track the raw variables instead of the model: self.variables_of_model = [v.value for v in model.variables], "
        "with the model itself in a closure.",
    ),
    "weights_twice": Pitfall(
        "Variables are stored that no signature reads",
        "The model takes twice the disk space and twice the memory of the server.",
        "model.export() and ExportArchive.track(model) write every Keras 3 variable twice (keras-team/keras#23553).",
        "Track only [v.value for v in model.variables]; see components/exporter/serving/serving_module.py.",
    ),
    "training_state": Pitfall(
        "The optimizer is exported",
        "The model is three times as large as its weights.",
        "A compiled model carries its optimizer, and Adam keeps two numbers for each weight.",
        "Export only the variables that inference reads: do not compile the model, and track only "
        "[v.value for v in model.variables].",
    ),
    "py_function": Pitfall(
        "Python inside the graph",
        "Works in the process that saved it. A server says \"No OpKernel was registered to support Op 'EagerPyFunc'\", "
        'another Python process "Could not find callback".',
        "tf.py_function and tf.numpy_function store a number that stands for a Python object of the saving process.",
        "Write the step with TensorFlow ops (tf.strings, tf.ragged, tf.lookup), or do it before the request.",
    ),
    "custom_op": Pitfall(
        "Ops that a stock server does not have",
        'Loading fails: "Op type not registered".',
        "The graph uses ops of an extension (tensorflow_text, tensorflow_addons, a GPU or TPU library) that registers "
        "them when its Python package is imported.",
        "Use ops of TensorFlow itself, or serve with a server that was built with the extension.",
    ),
    "build_paths": Pitfall(
        "Paths of the build machine in the graph",
        "Names of users and folders are published with the model; identical models differ by their build folder.",
        "Tables built from files carry the file's path in their shared_name; debug information holds source files.",
        "Save with tf.saved_model.SaveOptions(save_debug_info=False) and pass the result through "
        "components.exporter.scrub_build_paths.",
    ),
    "rank_as_batch": Pitfall(
        "The rank used as batch size, or any fixed number of rows",
        "Every answer has the same number of rows (2 for to_tensor(shape=[tf.rank(x), n])): a batch of 1 gets an extra "
        "row, a batch of 100 loses 98.",
        "A shape uses tf.rank or a constant in place of the batch size.",
        "Leave the batch dimension open: to_tensor(shape=[None, length]), tf.shape(x)[0].",
    ),
    "fixed_batch": Pitfall(
        "The batch size is fixed in the signature",
        "Requests with another number of rows are refused; a server cannot batch requests.",
        "The model was traced with an example of a fixed size, or its Input has a batch_size.",
        "Trace with tf.TensorSpec([None, ...]) for every input.",
    ),
    "empty_batch": Pitfall(
        "A batch size fails",
        "The server answers some requests with an error, often those without rows or with one row.",
        "An op in the graph needs at least one row, such as a reduction, a reshape to -1, a squeeze.",
        "Use ops that take any size: name the axis in tf.squeeze, give tf.reshape the batch size of tf.shape, guard "
        "reductions.",
    ),
    "pad_is_unknown": Pitfall(
        "Padding equals unknown, or is a possible prediction",
        "Tokens that training never saw come back as [PAD], or rows are padded with a real tag.",
        "The word table gives unknown words the id of padding (StringLookup's id 0), or the tagger may predict the "
        "padding tag at a real token.",
        "Keep separate ids (0 padding, 1 unknown), mask by the length of the sentence instead of the id, and exclude "
        "the padding tag before argmax.",
    ),
    "rows_mixed": Pitfall(
        "A row's answer depends on the other rows",
        "A sentence gets different tags alone and in a batch, or next to a long sentence.",
        "Attention or normalization reads padding or other rows, or long rows are cut to the length of the batch.",
        "Mask padding in attention, pooling and recurrent layers, and use no statistics of the batch (training=False).",
    ),
    "not_repeatable": Pitfall(
        "The same request gives different answers",
        "Two runs, or two threads at the same time, differ.",
        "Dropout or another random op is active, or the graph keeps state between requests.",
        "Call the model with training=False, and keep variables that the graph assigns out of the export.",
    ),
    "key_changed": Pitfall(
        "Keys or features do not come back as they were sent",
        "Predictions are joined to the wrong rows.",
        "The graph sorts, deduplicates, strips or looks up values that it should only return.",
        "Return tf.identity of the input, and keep the order of rows everywhere (no tf.unique, no sorting by length).",
    ),
    "wrong_tags": Pitfall(
        "Predictions differ from the training graph's",
        "Scores look fine in training, but the served model is worse, or gives the same tag for everything.",
        "The vocabulary in assets/ was truncated or differs from the one of the training, preprocessing differs "
        "between training and serving, or the weights are not the trained ones.",
        "Take preprocessing and vocabularies from the transform graph of the same training run, and export again; "
        "compare assets/ with the files in transform_fn/assets.",
    ),
    "file_changed": Pitfall(
        "A file differs from the exported one",
        "The model loads and gives wrong answers (a truncated vocabulary), or fails long after the push.",
        "The folder was changed, truncated or copied incompletely after the export.",
        "Copy or export the model again, compare tree hashes, and rename the folder into place when it is complete.",
    ),
    "file_missing": Pitfall(
        "Files of the SavedModel are missing",
        "Without variables/variables.index a server loads the model and fails at the first request; without an asset "
        "it does not load.",
        "The folder was copied incompletely, or a cleanup removed files.",
        "Copy the whole folder: saved_model.pb, variables/ with index and all data shards, assets/, assets.extra/.",
    ),
    "not_a_saved_model": Pitfall(
        "Not a SavedModel",
        "A server finds no model: it needs a folder with saved_model.pb, tagged `serve`.",
        "model.save() of Keras 3 writes a .keras archive, which needs Keras and the layers' code.",
        "Export it: tf.saved_model.save, or model.export(folder).",
    ),
    "folder_of_versions": Pitfall(
        "A folder of versions in place of one of them",
        "A server takes such a folder; commands that read or change one model find no saved_model.pb in it.",
        "The folder is that of a serving directory or of a model, whose versions are in its subfolders.",
        "Give the subfolder of a version, such as serving/ner/7.",
    ),
    "cannot_load": Pitfall(
        "The model cannot be loaded",
        "The server never becomes ready.",
        "A file is damaged, or the model was saved by a newer TensorFlow than the server's.",
        "Read TensorFlow's message; export again with the version that serves.",
    ),
    "off_contract": Pitfall(
        "The signatures do not match the contract",
        "Clients that work with the old model fail with the new one.",
        "A signature, input or output is missing, has another name, dtype or rank, or Keras made up a name such as "
        "`output_0`.",
        "Return a dict of named outputs, name inputs with tf.TensorSpec(..., name=...), and pass all of them in "
        "signatures= of tf.saved_model.save.",
    ),
    "unusual_text": Pitfall(
        "A text that cannot be tagged",
        "The server answers with an error for an empty sentence, an emoji, or bytes that are not UTF-8.",
        "Preprocessing assumes at least one token, a maximum length, or valid text.",
        "Decode with errors='replace', keep empty rows, cut long sentences into windows, test with what users paste.",
    ),
    "unlimited_request": Pitfall(
        "Requests of any size",
        "One long request takes so much memory that the server is killed, or a request within the limit is refused.",
        "The graph does not count the characters, or the contract names another limit than the graph.",
        "Count before the first step that takes memory; refuse with tf.raw_ops.Assert and the limit in its message.",
    ),
    "wrong_offsets": Pitfall(
        "Offsets do not point at the tokens",
        "Highlighted entities are shifted.",
        "Offsets count bytes instead of code points, or refer to a normalized or stripped text.",
        "Compute offsets on the raw sentence in code points (tf.strings.unicode_decode_with_offsets).",
    ),
    "invalid_tags": Pitfall(
        "Invalid IOB2",
        "An I- tag follows an outside tag or another type, so that the entity has no beginning.",
        "The best tag of each token was taken independently.",
        "Decode with the transitions of IOB2: exporter.decoding=constrained, or decode_constrained.",
    ),
    "unsafe_op": Pitfall(
        "An op that leaves the graph",
        "A request, or the load itself, reads or writes files of the server, lists folders, or opens a connection.",
        "A graph is a program: ReadFile, WriteFile, MatchingFiles, PrintV2 to a file and many others run with the "
        "rights of the server. A table may be filled from an asset of the model only.",
        "Take the step out of the graph and save the model again; a vocabulary belongs in assets/ "
        "(tf.lookup.TextFileInitializer; in TensorFlow 1, pass assets_collection "
        "when you save). Do not serve a model with such an op from someone else.",
    ),
    "unsafe_files": Pitfall(
        "Files outside the folder",
        "The server reads a file of its machine as the vocabulary or the weights of the model.",
        "The name of an asset is absolute or holds `..`, a link leads out of the folder, a file is a device or a pipe, "
        "or a second graph (saved_model.pbtxt, saved_model.cpb) lies next to saved_model.pb.",
        "Save the model again, or copy the files into the folder: assets have plain names, and the only graph is "
        "saved_model.pb.",
    ),
    "ambiguous": Pitfall(
        "A graph that readers may read in different ways",
        "A check reads another model than the server.",
        "saved_model.pb holds fields that are unknown or occur twice, or two functions, nodes or meta graphs of one "
        "name. TensorFlow does not write such files; a newer one writes fields that an older one does not know.",
        "Load the model with the TensorFlow that made it and save it again; use that version or a newer one here.",
    ),
    "no_answer": Pitfall(
        "The model does not answer",
        "A request keeps a thread of the server for ever.",
        "A loop has no end, a queue waits for an element that nobody adds, or the model is too slow for the limit.",
        "Give every tf.while_loop maximum_iterations, and keep queues out of the graph. Raise the limit for a slow "
        "model: exporter.limits.answer_seconds, or --answer-seconds.",
    ),
    "too_much_memory": Pitfall(
        "The model needs more memory than it may have",
        "The server is killed, and with it all other models.",
        "A tensor grows with the square of the input, or a loop collects values without end.",
        "Bound the sizes that a request can cause. Raise the limit for a large model: exporter.limits.memory_gb, or "
        "--memory-gb.",
    ),
    "dtype_not_served": Pitfall(
        "A dtype that requests and answers cannot hold",
        'TensorFlow Serving\'s REST API answers "Unsupported tensor type"; many clients have no such number.',
        "Mixed precision returns bfloat16 or float16; complex and quantized numbers, resources and variants have no "
        "form in JSON.",
        "Cast such outputs to float32 (tf.cast), such inputs from float32; split complex numbers with tf.math.real "
        "and tf.math.imag.",
    ),
    "crash": Pitfall(
        "The model crashes its process",
        "The server dies or hangs.",
        "An op failed a check inside TensorFlow, or ran out of memory or time.",
        "Read the end of the process's output in the report; try again with smaller inputs.",
    ),
    "unknown_error": Pitfall(
        "Another TensorFlow error",
        "A request fails.",
        "None of the mistakes listed here.",
        "Read TensorFlow's message; it names the op.",
    ),
}
