"""`TensorProto`, held against TensorFlow's own reader and writer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.echo_engine import NUMBERS, same
from support.lazy import LazyModule
from support.tensors import arrays, objects

from components.exporter.validator.probe.c_api import protos
from components.serving.server.errors import InvalidArgumentError, UnimplementedError
from components.serving.server.protocols.tensor_proto import fill, to_array

tf = LazyModule("tensorflow")
LIMIT = 1 << 20


def proto(**fields):
    return protos("core.framework.tensor_pb2").TensorProto(**fields)


def shaped(*sizes):
    return {"dim": [{"size": size} for size in sizes]}


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_tensors_are_read_and_written_like_by_tensorflow(data):
    dtype = data.draw(st.sampled_from([*sorted(NUMBERS), "float16", "uint16", "complex64", "complex128"]))
    array = data.draw(arrays(dtype, data.draw(st.integers(0, 3)), st.binary(max_size=200)))
    message = proto()
    fill(message, array)
    assert not message.tensor_content
    assert message.dtype == tf.as_dtype("string" if dtype == "string" else dtype).as_datatype_enum
    assert same({"x": tf.make_ndarray(message).reshape(array.shape)}, {"x": array})
    content = tf.make_tensor_proto(array)
    assert same({"x": to_array("x", content, LIMIT)}, {"x": array})
    assert same({"x": to_array("x", message, LIMIT)}, {"x": array})
    if dtype == "string":  # TensorFlow's C++ also writes strings as content
        tensor = tf.io.serialize_tensor(array.tolist() if array.size else tf.zeros(array.shape, tf.string)).numpy()
        assert same({"x": to_array("x", type(message).FromString(tensor), LIMIT)}, {"x": array})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"dtype": 1, "float_val": [2.5], "tensor_shape": shaped(3)}, np.array([2.5] * 3, np.float32)),
        ({"dtype": 3, "int_val": [1, 7], "tensor_shape": shaped(2, 2)}, np.array([[1, 7], [7, 7]], np.int32)),
        ({"dtype": 9, "tensor_shape": shaped(2)}, np.zeros(2, np.int64)),
        ({"dtype": 7, "tensor_shape": shaped(2)}, objects([b"", b""], 2)),
        ({"dtype": 7, "string_val": [b"a"]}, objects([b"a"], ())),
        ({"dtype": 7, "tensor_content": b"\x01\x00\xac\x02a" + b"b" * 300, "tensor_shape": shaped(3)},
         objects([b"a", b"", b"b" * 300], 3)),
    ],
)  # fmt: skip
def test_short_forms_mean_what_they_mean_in_tensorflow(fields, expected):
    assert same({"x": to_array("x", proto(**fields), LIMIT)}, {"x": expected})


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"dtype": 1, "tensor_shape": {"unknown_rank": True}}, "the shape is not fully defined"),
        ({"dtype": 1, "tensor_shape": shaped(-1)}, "the shape is not fully defined"),
        ({"dtype": 1, "float_val": [1], "tensor_shape": shaped(1 << 40)}, "more than the limit of 1048576"),
        ({"dtype": 1, "float_val": [1, 2], "tensor_shape": shaped(1)}, "float_val has 2 values, but the shape needs 1"),
        ({"dtype": 1, "tensor_content": b"123", "tensor_shape": shaped(1)}, "has 3 bytes, but the shape needs 4"),
        ({"dtype": 7, "tensor_content": b"\x05a", "tensor_shape": shaped(1)}, "does not hold 1 strings"),
        ({"dtype": 7, "tensor_content": b"\xff" * 20, "tensor_shape": shaped(1)}, "does not hold 1 strings"),
        ({"dtype": 7, "tensor_content": b"\x00", "tensor_shape": shaped(5)}, "does not hold 5 strings"),
        ({"dtype": 1, "tensor_shape": shaped(0, *[1] * 99)}, "cannot be built"),
    ],
)
def test_a_message_that_is_not_a_tensor_is_refused(fields, text):
    with pytest.raises(InvalidArgumentError, match=text):
        to_array("x", proto(**fields), LIMIT)


@pytest.mark.parametrize("number", [0, 14, 20, 999])
def test_a_dtype_that_numpy_does_not_have_is_unimplemented(number):
    with pytest.raises(UnimplementedError, match="cannot be sent"):
        to_array("x", proto(dtype=number, tensor_shape=shaped(1)), LIMIT)
