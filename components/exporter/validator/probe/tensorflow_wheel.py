"""Finds TensorFlow's C library and protocol buffers without `import tensorflow`, which takes 8 s and brings Keras."""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import sys
import types
from pathlib import Path
from typing import Any


@functools.cache
def wheel_folder() -> Path:
    """Returns where TensorFlow is installed.

    Raises:
        ImportError: it is not.
    """
    spec = importlib.util.find_spec("tensorflow")
    if spec is None or spec.origin is None:
        raise ImportError("TensorFlow is not installed for this interpreter; the validator needs its C library.")
    return Path(spec.origin).parent


def protos(name: str) -> Any:
    """Imports one of TensorFlow's modules of protocol buffers, such as `core.protobuf.saved_model_pb2`.

    An empty package stands in for `tensorflow`, so that its `__init__` does not run. For processes of their own only:
    nothing else can import TensorFlow afterwards.
    """
    if "tensorflow" not in sys.modules:
        wheel_folder.cache_clear()
        package = types.ModuleType("tensorflow")
        package.__path__ = [str(wheel_folder())]
        sys.modules["tensorflow"] = package
    return importlib.import_module(f"tensorflow.{name}")


@functools.cache
def c_library() -> ctypes.CDLL:
    """Loads the library that holds the C API.

    Raises:
        OSError: the wheel has none (TensorFlow for Windows).
    """
    folder = wheel_folder()
    loaded = None
    for stem in ("libtensorflow_framework", "libtensorflow_cc"):
        for file in (f"{stem}.so.2", f"{stem}.2.dylib"):
            if (folder / file).exists():
                loaded = ctypes.CDLL(str(folder / file), mode=ctypes.RTLD_GLOBAL)
    if loaded is None:
        raise OSError(f"{folder}: no libtensorflow_cc beside TensorFlow; the validator runs on Linux and macOS.")
    return loaded
