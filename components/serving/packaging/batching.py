"""How a server gathers single requests into batches."""

from __future__ import annotations

import dataclasses

BATCHING_FILE = "batching.config"


@dataclasses.dataclass(frozen=True)
class Batching:
    """TensorFlow Serving's batching parameters.

    Attributes:
        max_batch_size: most rows in one run of the model.
        batch_timeout_micros: microseconds that a request waits for others.
        max_enqueued_batches: batches that may wait; more requests are refused.
        num_batch_threads: batches that run at once; the number of cores is a good start.
    """

    max_batch_size: int = 32
    batch_timeout_micros: int = 1000
    max_enqueued_batches: int = 100
    num_batch_threads: int = 4

    def to_text(self) -> str:
        """Returns the message `tensorflow.serving.BatchingParameters` as text.

        Written by hand: tensorflow-serving-api ships no stub of session_bundle_config.proto, and these four fields are
        all of it that is used.
        """
        fields = dataclasses.asdict(self)
        return "".join(f"{name} {{ value: {value} }}\n" for name, value in fields.items())

    def to_environment(self) -> dict[str, str]:
        """Returns the variables by which SageMaker's container of TensorFlow Serving is told the same."""
        return {f"SAGEMAKER_TFS_{name.upper()}": str(value) for name, value in dataclasses.asdict(self).items()}
