"""Model FLOPs utilization (MFU): the share of a GPU's arithmetic that a training uses."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import keras

# FLOP/s of dense matrix products by the data sheets: with bfloat16 inputs, and with float32 inputs as TensorFlow
# multiplies them (TF32 where the GPU has it). The first name that a GPU's name contains counts.
_PEAKS: Mapping[str, tuple[float | None, float]] = {
    "B200": (2250e12, 1125e12),
    "H200": (989e12, 495e12),
    "H100 PCIe": (756e12, 378e12),
    "H100 NVL": (835e12, 418e12),
    "H100": (989e12, 495e12),
    "A100": (312e12, 156e12),
    "A40": (150e12, 75e12),
    "A30": (165e12, 82e12),
    "A10G": (70e12, 35e12),
    "A10": (125e12, 62.5e12),
    "L40S": (362e12, 183e12),
    "L40": (181e12, 90.5e12),
    "L4": (121e12, 60e12),
    "RTX 4090": (165e12, 82.6e12),
    "RTX 3090": (71e12, 35.6e12),
    "T4": (None, 8.1e12),
    "V100": (None, 15.7e12),
    "P100": (None, 9.3e12),
}
# One product in the forward pass and two of the same size in the backward pass.
_PRODUCTS = 3


def training_flops_per_token(model: keras.Model) -> int:
    """Counts the floating-point operations of a training step for each token.

    Kaplan et al. 2020, "Scaling Laws for Neural Language Models", section 2.1: a multiplication and an addition for
    each weight of a dense product, three times. Embedding lookups and attention between tokens are left out, so the
    count is a lower bound.

    Args:
        model: a built model.
    """
    kernels = [weight for weight in model.trainable_variables if weight.name.endswith("kernel")]
    return _PRODUCTS * 2 * sum(math.prod(kernel.shape) for kernel in kernels)


def peak_flops(gpus: Sequence[str], bfloat16: bool) -> float | None:
    """Returns the FLOP/s of all GPUs together; None if there are none or one of them is unknown.

    Args:
        gpus: names of their models.
        bfloat16: products have bfloat16 inputs.

    Example:
        >>> peak_flops(["NVIDIA A100-SXM4-40GB"], bfloat16=True)
        312000000000000.0
    """
    peaks = [_peak(gpu, bfloat16) for gpu in gpus]
    known = [peak for peak in peaks if peak is not None]
    return sum(known) if known and len(known) == len(peaks) else None


def _peak(gpu: str, bfloat16: bool) -> float | None:
    pairs = (pair for name, pair in _PEAKS.items() if re.search(rf"\b{name}\b", gpu))
    return next(pairs, (None, None))[not bfloat16]
