"""TensorFlow's C API through ctypes, without `import tensorflow`, which takes 8 s and brings Keras.

Library and protocol buffers come from the installed wheel. Every call has its own status, so that threads do not
interfere.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import sys
import threading
import types
from pathlib import Path
from typing import Any

import numpy as np

STRING = 7
_IMPORTING = threading.Lock()
_STRING_BYTES = 24  # sizeof(TF_TString)
POINTER = ctypes.c_void_p


class TensorFlowError(Exception):
    """An error status of TensorFlow, with its own message.

    Attributes:
        code: number of the status, the same as in gRPC; 2: unknown.
    """

    def __init__(self, message: str, code: int = 2) -> None:
        """Stores the status."""
        super().__init__(message)
        self.code = code


class Buffer(ctypes.Structure):
    """TF_Buffer."""

    _fields_ = [("data", POINTER), ("length", ctypes.c_size_t), ("deallocator", POINTER)]


class Output(ctypes.Structure):
    """TF_Output: one output of one operation."""

    _fields_ = [("operation", POINTER), ("index", ctypes.c_int)]


_BUFFERS = ctypes.POINTER(Buffer)
_OUTPUTS = ctypes.POINTER(Output)
_POINTERS = ctypes.POINTER(POINTER)
_PROTOTYPES: dict[str, tuple[Any, list[Any]]] = {
    "TF_Version": (ctypes.c_char_p, []),
    "TF_NewStatus": (POINTER, []),
    "TF_DeleteStatus": (None, [POINTER]),
    "TF_GetCode": (ctypes.c_int, [POINTER]),
    "TF_Message": (ctypes.c_char_p, [POINTER]),
    "TF_NewGraph": (POINTER, []),
    "TF_NewSessionOptions": (POINTER, []),
    "TF_SetConfig": (None, [POINTER, ctypes.c_char_p, ctypes.c_size_t, POINTER]),
    "TF_LoadSessionFromSavedModel": (
        POINTER,
        [
            POINTER,
            _BUFFERS,
            ctypes.c_char_p,
            ctypes.POINTER(ctypes.c_char_p),
            ctypes.c_int,
            POINTER,
            _BUFFERS,
            POINTER,
        ],
    ),
    "TF_GraphOperationByName": (POINTER, [POINTER, ctypes.c_char_p]),
    "TF_AllocateTensor": (POINTER, [ctypes.c_int, ctypes.POINTER(ctypes.c_int64), ctypes.c_int, ctypes.c_size_t]),
    "TF_TensorData": (POINTER, [POINTER]),
    "TF_TensorByteSize": (ctypes.c_size_t, [POINTER]),
    "TF_TensorType": (ctypes.c_int, [POINTER]),
    "TF_NumDims": (ctypes.c_int, [POINTER]),
    "TF_Dim": (ctypes.c_int64, [POINTER, ctypes.c_int]),
    "TF_DeleteTensor": (None, [POINTER]),
    "TF_StringCopy": (None, [POINTER, ctypes.c_char_p, ctypes.c_size_t]),
    "TF_StringGetDataPointer": (POINTER, [POINTER]),
    "TF_StringGetSize": (ctypes.c_size_t, [POINTER]),
    "TF_SessionRun": (
        None,
        [
            *(POINTER, _BUFFERS, _OUTPUTS, _POINTERS, ctypes.c_int),
            *(_OUTPUTS, _POINTERS, ctypes.c_int),
            *(POINTER, ctypes.c_int, _BUFFERS, POINTER),
        ],
    ),
    "TF_CloseSession": (None, [POINTER, POINTER]),
    "TF_DeleteSession": (None, [POINTER, POINTER]),
    "TF_DeleteSessionOptions": (None, [POINTER]),
    "TF_DeleteGraph": (None, [POINTER]),
    "TF_GetAllOpList": (_BUFFERS, []),
    "TF_GetRegisteredKernelsForOp": (_BUFFERS, [ctypes.c_char_p, POINTER]),
    "TF_DeleteBuffer": (None, [_BUFFERS]),
}


@functools.cache
def wheel_folder() -> Path:
    """Returns the folder of the installed TensorFlow.

    Raises:
        ImportError: TensorFlow is not installed.
    """
    spec = importlib.util.find_spec("tensorflow")
    if spec is None or spec.origin is None:
        raise ImportError("TensorFlow is not installed for this interpreter; the validator needs its C library.")
    return Path(spec.origin).parent


def protos(name: str) -> Any:
    """Imports a module of TensorFlow's protocol buffers, such as `core.protobuf.saved_model_pb2`.

    Afterwards the process can import TensorFlow as usual, which uses the same modules and the same library.
    """
    return _without_tensorflow(f"tensorflow.{name}")


def serving_protos(name: str) -> Any:
    """Imports a module of tensorflow-serving-api, such as `apis.predict_pb2`, with only those of TensorFlow's messages.

    Raises:
        ImportError: tensorflow-serving-api is not installed.
    """
    return _without_tensorflow(f"tensorflow_serving.{name}")


def _without_tensorflow(name: str) -> Any:
    """Imports a module while an empty package replaces `tensorflow`, so that its `__init__` does not run."""
    with _IMPORTING:
        if name in sys.modules or "tensorflow" in sys.modules:
            return importlib.import_module(name)
        wheel_folder.cache_clear()
        package = types.ModuleType("tensorflow")
        package.__path__ = [str(wheel_folder())]
        sys.modules["tensorflow"] = package
        try:
            return importlib.import_module(name)
        finally:
            # Without its packages, too: an import of one of their modules then imports TensorFlow first, as usual.
            packages = [each for each in sys.modules if each.startswith("tensorflow.") and _is_package(each)]
            for each in ("tensorflow", *packages):
                del sys.modules[each]


def _is_package(name: str) -> bool:
    return hasattr(sys.modules[name], "__path__")


@functools.cache
def library() -> ctypes.CDLL:
    """Loads the C library and declares the functions used in this package.

    Raises:
        OSError: the wheel has no C library (TensorFlow for Windows).
    """
    folder, lib = wheel_folder(), None
    for stem in ("libtensorflow_framework", "libtensorflow_cc"):
        for file in (f"{stem}.so.2", f"{stem}.2.dylib"):
            if (folder / file).exists():
                lib = ctypes.CDLL(str(folder / file), mode=ctypes.RTLD_GLOBAL)
    if lib is None:
        raise OSError(f"{folder}: no libtensorflow_cc in the wheel. Run the validator on Linux or macOS.")
    for name, (result, arguments) in _PROTOTYPES.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


def call(name: str, *arguments: Any) -> Any:
    """Calls a C function whose last parameter is a status.

    Raises:
        TensorFlowError: the status is not OK.
    """
    lib = library()
    status = lib.TF_NewStatus()
    try:
        result = getattr(lib, name)(*arguments, status)
        if code := lib.TF_GetCode(status):
            message = lib.TF_Message(status).decode("utf-8", "replace")
            raise TensorFlowError(message.partition("\n\t [[")[0], code)  # without the names of nodes
        return result
    finally:
        lib.TF_DeleteStatus(status)


@functools.cache
def registered_ops() -> dict[str, Any]:
    """Returns op -> its `OpDef`, for all ops of TensorFlow's C++ library: those of a server without custom ops."""
    ops = protos("core.framework.op_def_pb2").OpList()
    ops.ParseFromString(_take_buffer(library().TF_GetAllOpList()))
    return {op.name: op for op in ops.op}


def has_cpu_kernel(op: str) -> bool:
    """Tests for a C++ kernel on the CPU: `PyFunc` is a registered op and has none."""
    kernels = protos("core.framework.kernel_def_pb2").KernelList()
    kernels.ParseFromString(_take_buffer(call("TF_GetRegisteredKernelsForOp", op.encode())))
    return any(kernel.device_type in ("CPU", "DEFAULT") for kernel in kernels.kernel)


@functools.cache
def numpy_dtype(number: int) -> np.dtype:
    """Returns numpy's dtype for a TensorFlow `DataType`; strings are objects.

    Raises:
        TensorFlowError: numpy has no such dtype (bfloat16, resources, quantized numbers).
    """
    name = dtype_name(number)
    try:
        return np.dtype("object" if name == "string" else name)
    except TypeError as error:
        raise TensorFlowError(f"tensors of type {name} cannot be sent to a server by this validator") from error


@functools.cache
def dtype_name(number: int) -> str:
    """Returns the usual name of a TensorFlow `DataType`: `float32` for `DT_FLOAT`."""
    name = protos("core.framework.types_pb2").DataType.Name(number).removeprefix("DT_").lower()
    return {"float": "float32", "double": "float64", "half": "float16"}.get(name, name)


def to_tensor(value: np.ndarray) -> int:
    """Returns a new tensor; strings are arrays of `bytes` objects."""
    lib = library()
    dims = (ctypes.c_int64 * max(value.ndim, 1))(*value.shape)
    if value.dtype == object:
        tensor = lib.TF_AllocateTensor(STRING, dims, value.ndim, _STRING_BYTES * value.size)
        data = lib.TF_TensorData(tensor)
        ctypes.memset(data, 0, _STRING_BYTES * value.size)  # TF_StringInit for all
        for index, item in enumerate(value.flat):
            lib.TF_StringCopy(data + _STRING_BYTES * index, item, len(item))
        return int(tensor)
    array = np.ascontiguousarray(value).reshape(value.shape)  # ascontiguousarray turns scalars into vectors
    tensor = lib.TF_AllocateTensor(_number(array.dtype), dims, array.ndim, array.nbytes)
    if array.nbytes:
        ctypes.memmove(lib.TF_TensorData(tensor), array.ctypes.data, array.nbytes)
    return int(tensor)


def to_array(tensor: int) -> np.ndarray:
    """Returns a copy of a tensor's value."""
    lib = library()
    shape = [lib.TF_Dim(tensor, index) for index in range(lib.TF_NumDims(tensor))]
    data, number = lib.TF_TensorData(tensor), lib.TF_TensorType(tensor)
    array = np.empty(shape, numpy_dtype(number))
    if number == STRING:
        array.reshape(-1)[:] = _strings(data, array.size)
    elif array.nbytes:
        ctypes.memmove(array.ctypes.data, data, array.nbytes)
    return array


def _strings(data: int, count: int) -> list[bytes]:
    """Reads TF_TStrings. Calls of C cost a microsecond each, so it slices the short ones out of one copy.

    A string of at most 22 bytes is stored inside its 24: four times the length in the first byte, then the text (the
    type in the two lowest bits is 0; ctstring_internal.h). All others are read through the C API.
    """
    if not count:
        return []
    block, lib = ctypes.string_at(data, count * _STRING_BYTES), library()
    texts = []
    for at, head in zip(range(0, len(block), _STRING_BYTES), block[::_STRING_BYTES], strict=True):
        if head & 3:
            pointer = data + at
            texts.append(ctypes.string_at(lib.TF_StringGetDataPointer(pointer), lib.TF_StringGetSize(pointer)))
        else:
            texts.append(block[at + 1 : at + 1 + (head >> 2)])
    return texts


def _take_buffer(buffer: Any) -> bytes:
    """Returns the content of a buffer and frees the buffer."""
    value = ctypes.string_at(buffer.contents.data, buffer.contents.length)
    library().TF_DeleteBuffer(buffer)
    return value


def _number(dtype: np.dtype) -> int:
    names = {"float32": "FLOAT", "float64": "DOUBLE", "float16": "HALF"}
    types_pb2 = protos("core.framework.types_pb2")
    return int(types_pb2.DataType.Value(f"DT_{names.get(dtype.name, dtype.name.upper())}"))
