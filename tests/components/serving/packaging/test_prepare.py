"""Preparation of models that are not taggers."""

from __future__ import annotations

import json

import pytest
from support.lazy import LazyModule
from support.warmup import warmup_requests

from components.serving.packaging.packaging import package
from components.serving.packaging.prepare import ModelVersion
from components.serving.packaging.settings import PackageSettings

tf = LazyModule("tensorflow")


@pytest.mark.extended
def test_a_model_without_contract_and_without_rows_is_packaged_unbatched(tmp_path):
    module = tf.Module()
    module.weight = tf.Variable(2.0)
    double = tf.function(lambda x: {"y": x * module.weight}, input_signature=[tf.TensorSpec([], tf.float32, name="x")])
    options = tf.saved_model.SaveOptions(save_debug_info=False)
    tf.saved_model.save(module, str(tmp_path / "model"), signatures=double, options=options)
    record = package([ModelVersion(tmp_path / "model", 1)], tmp_path / "package", "tf-serving", PackageSettings("ner"))
    assert "batching.config" not in record["files"]
    assert "--enable_batching" not in (tmp_path / "package" / "README.md").read_text()
    body = json.loads((tmp_path / "package" / "requests" / "serving_default.json").read_text())
    assert set(body) == {"signature_name", "inputs"}
    [request] = warmup_requests(tmp_path / "package" / "ner" / "1")
    assert tf.make_ndarray(request.inputs["x"]).shape == ()
