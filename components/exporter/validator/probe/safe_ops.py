"""The ops that a foreign model may use: an op is refused unless a rule of this module allows it.

A graph is a program. The rules read the definitions of the installed TensorFlow, so that an op of a later release is
refused until a rule covers it: an op with side effects must be in the list below, and neither the name nor an argument
of any other op may point at files, processes or the network (TensorFlow marks `ReadFile` and `MatchingFiles` as free of
side effects).
"""

from __future__ import annotations

import re
from typing import Any

TABLE_INITIALIZERS = {"InitializeTableFromTextFile": 1, "InitializeTableFromTextFileV2": 1}
"""Ops that fill a table from a file -> number of the input that names it. It must be an asset of the model."""

CHECKPOINT_OPS = {"RestoreV2": (0,), "SaveV2": (0,), "MergeV2Checkpoints": (0, 1)}
"""Ops that read and write variables -> numbers of the inputs that name files. The loader must choose these names."""

# Pure functions of strings, and ops whose names or arguments only look like files.
_HARMLESS = re.compile(
    r"ShardedFilename|ShardedFilespec|Snapshot|TensorArray(Read|Write)(V2)?|LookupTableImport|Xlog1py"
    r"|(Scalar|Histogram|Image|Audio|Tensor|Merge|BoostedTreesMakeStats)Summary(V2)?"
    # tf.data in memory
    r"|(Batch|PaddedBatch|ParallelBatch|Rebatch|Map|ParallelMap|Filter|ParallelFilter|FlatMap|Interleave|Take|TakeWhile"
    r"|Skip|Zip|Concatenate|Repeat|Prefetch|Window|GroupByWindow|Scan|Unbatch|Unique|DenseToSparseBatch|MapAndBatch"
    r"|Options|Model|Finalize|Sampling|Shard|AssertCardinality|IgnoreErrors|ParallelInterleave|DirectedInterleave"
    r"|ParseExample|Rewrite)Dataset(V\d)?"
    r"|DatasetCardinality|WrapDatasetVariant|UnwrapDatasetVariant"
)
# Ops with side effects inside the process.
_STATEFUL = re.compile(
    r"VarHandleOp|ReadVariableOp|Assign(Add|Sub)?VariableOp|VarIsInitializedOp|VariableShape|DestroyResourceOp"
    r"|DisableCopyOnRead|Variable(V2)?|TemporaryVariable|Empty|GuaranteeConst|DeepCopy"
    r"|Resource(Gather(Nd)?|Scatter(Nd)?(Update|Add|Sub|Mul|Div|Min|Max)|StridedSliceAssign|CountUpTo)"
    r"|Resource(Sparse)?Apply\w+|ResourceAccumulator\w+|(Resource|Sparse)?ConditionalAccumulator"
    # tables
    r"|(Anonymous)?(HashTable|MutableHashTable|MutableHashTableOfTensors|MutableDenseHashTable)(V2)?"
    r"|LookupTable(Find|Insert|Remove|Size|Export|Import)V2|InitializeTable(V2|FromDataset)"
    # control flow
    r"|If|While|Case|StatefulPartitionedCall|Assert|Print|PrintV2|CheckNumerics(V2)?|Timestamp|DeviceIndex"
    # random numbers
    r"|Random(Uniform|UniformInt|StandardNormal|Shuffle|Gamma|Poisson|PoissonV2|Crop)|TruncatedNormal|Multinomial"
    r"|ParameterizedTruncatedNormal|Stateful(Uniform|UniformInt|UniformFullInt|StandardNormal|StandardNormalV2"
    r"|TruncatedNormal|RandomBinomial)|RngSkip|RngReadAndSkip|NonDeterministicInts|SampleDistortedBoundingBox(V2)?"
    r"|StatelessRandomGetAlg|(Uniform|LogUniform|LearnedUnigram|ThreadUnsafeUnigram|All)CandidateSampler"
    # arrays, queues and maps in memory
    r"|TensorArray\w*|Stack(V2|PushV2|PopV2|CloseV2)?|(FIFO|PaddingFIFO|Priority|RandomShuffle)Queue(V2)?|FakeQueue"
    r"|Queue\w+V2|Barrier|MutexV2|MutexLock|ConsumeMutexLock|(Ordered)?Map(Stage|Unstage|UnstageNoKey|Peek|Size"
    r"|IncompleteSize|Clear)|Stage|Unstage|StagePeek|StageSize|StageClear"
    r"|(Add(Many)?SparseToTensorsMap|TakeManySparseFromTensorsMap)"
    # models of other kinds, and layers with a variant for GPUs
    r"|BoostedTrees\w+|IsBoostedTrees\w+|CudnnRNN\w*"
    # tf.data in memory
    r"|(Tensor|TensorSlice|SparseTensorSlice|Range|Reduce|Generator|GroupByReducer)Dataset|DatasetToSingleElement"
    r"|Iterator(V2|GetNext|GetNextSync|GetNextAsOptional)?|AnonymousIterator(V\d)?|OneShotIterator|MakeIterator"
    r"|DeleteIterator|(Anonymous|Dummy)(Random)?SeedGenerator|Delete(Random)?SeedGenerator|Shuffle(AndRepeat)?Dataset(V\d)?"
)
_NAMES = re.compile(  # words of an op's name
    "abort|bigquery|bigtable|checkpoints?|client|collective|custom|dataset|debug|directory|dump|engine|files?|filename"
    "|filespec|gfile|grpc|host|import|kafka|lite|lmdb|load|mlir|nccl|plugin|print|profile|py|query|read|reader|record"
    "|recv|register|remote|restore|rpc|save|send|server|service|session|snapshot|socket|sql|summary|tpu|trace|trt|write"
)
_ARGUMENTS = re.compile(  # words of an argument's name
    "address|addresses|checkpoint|ckpt|descriptor|dirs?|directory|files?|filenames?|graph|host|module|path|region|server"
    "|socket|uri|urls?"
)
_CAPITALS = re.compile(r"[A-Z]+(?=[A-Z][a-z]|\d|$)|[A-Z][a-z]+|[a-z]+|[A-Z]+")
# Attribute -> the values with which an op is allowed in spite of it.
_VALUES = {
    ("PrintV2", "output_stream"): re.compile(r"stderr|stdout|log\((info|warning|error)\)"),
    ("DecodeProtoV2", "descriptor_source"): re.compile(r"|local://|bytes://.*", re.DOTALL),
    ("EncodeProto", "descriptor_source"): re.compile(r"|local://|bytes://.*", re.DOTALL),
}
# Ops whose refusal needs more words than their name.
_REASONS = {
    "XlaCallModule": "a program of XLA (jax2tf) may call functions of the host, which no check of the graph sees; "
    "convert it with jax2tf.convert(..., native_serialization=False), which writes ops of TensorFlow",
}


def refusal(definition: Any, node: Any) -> str:
    """Returns the reason why a foreign model may not use an op; empty if it may.

    Ops that name files of the model itself (`TABLE_INITIALIZERS`, `CHECKPOINT_OPS`) are allowed here: `safe_graph`
    follows their names through the graph.

    Args:
        definition: the `OpDef` of the installed TensorFlow.
        node: the `NodeDef` that uses the op.
    """
    name = definition.name
    if name in TABLE_INITIALIZERS or name in CHECKPOINT_OPS:
        return ""
    values = {attr: pattern for (op, attr), pattern in _VALUES.items() if op == name}
    if name in _REASONS:
        return _REASONS[name]
    for attr, pattern in values.items():
        if attr in node.attr and node.attr[attr].WhichOneof("value") != "s":
            return f"its {attr} comes from the caller"
        if attr in node.attr and not pattern.fullmatch(node.attr[attr].s.decode("utf-8", "replace")):
            return f"its {attr} is {_text(node.attr[attr].s)}"
    if name.startswith("_"):
        return "it is an internal op"
    if definition.is_stateful:
        return (
            ""
            if _STATEFUL.fullmatch(name)
            else "it has side effects, and is not among those known to stay inside the process"
        )
    if values or _HARMLESS.fullmatch(name):
        return ""
    if words := sorted({word.lower() for word in _CAPITALS.findall(name) if _NAMES.fullmatch(word.lower())}):
        return f"it may use files, processes or the network ({', '.join(words)})"
    arguments = [*(each.name for each in definition.input_arg), *(each.name for each in definition.attr)]
    words = sorted(each for each in arguments if any(map(_ARGUMENTS.fullmatch, each.lower().split("_"))))
    return f"it may open files or connections ({', '.join(words)})" if words else ""


def _text(value: bytes) -> str:
    return repr(value.decode("utf-8", "replace"))[:200]
