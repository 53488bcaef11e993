"""Tensors of strings through TensorFlow's C API."""

from __future__ import annotations

import numpy as np
import pytest

from components.exporter.validator.probe.c_api import library, to_array, to_tensor
from components.exporter.validator.probe.values import strings


@pytest.mark.parametrize("shape", [(0,), (9,), (3, 3)], ids=str)
def test_strings_of_every_length_come_back_unchanged(shape):
    sizes = [0, 1, 21, 22, 23, 24, 63, 64, 5000][: int(np.prod(shape))]
    texts = strings([bytes((index * 7 + size) % 256 for index in range(size)) for size in sizes]).reshape(shape)
    tensor = to_tensor(texts)
    try:
        returned = to_array(tensor)
    finally:
        library().TF_DeleteTensor(tensor)
    assert returned.shape == shape
    assert returned.tolist() == texts.tolist()
