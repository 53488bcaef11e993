"""Operations of a model and of a GPU."""

from __future__ import annotations

from support.lazy import LazyModule

keras = LazyModule("keras")
throughput = LazyModule("components.trainer.loop.throughput")


def test_products_count_and_embeddings_do_not():
    inputs = keras.Input((None,), dtype="int32")
    outputs = keras.layers.Dense(3)(keras.layers.Dense(7)(keras.layers.Embedding(100, 5)(inputs)))
    assert throughput.training_flops_per_token(keras.Model(inputs, outputs)) == 3 * 2 * (5 * 7 + 7 * 3)


def test_peak_is_that_of_all_gpus_or_unknown():
    cases = [
        (["NVIDIA H200"], True, 989e12),
        (["NVIDIA A100-SXM4-40GB"] * 2, True, 624e12),
        (["NVIDIA A100-SXM4-40GB"], False, 156e12),
        (["NVIDIA A10G"], True, 70e12),
        (["NVIDIA H100 PCIe"], True, 756e12),
        (["NVIDIA H100 80GB HBM3"], True, 989e12),
        (["Tesla T4"], False, 8.1e12),
        (["Tesla T4"], True, None),
        (["NVIDIA RTX A4000"], True, None),
        (["NVIDIA H200", "something new"], True, None),
        ([], True, None),
    ]
    assert [throughput.peak_flops(gpus, bfloat16) for gpus, bfloat16, _ in cases] == [peak for *_, peak in cases]
