"""What Beam is told."""

from __future__ import annotations

from configs.spec import PipelineConfig


def beam_arguments(config: PipelineConfig) -> list[str]:
    """Returns the configured arguments, and where Beam works in this process one that keeps TFX from packing itself.

    TFX builds a source package of itself at the start of every Beam node, three to five seconds each, unless it is told
    that the workers' container has it. DirectRunner has no workers and does not read the argument.

    Args:
        config: the whole configuration.
    """
    args = list(config.beam.args)
    names = {arg.partition("=")[0] for arg in args}
    here = "--runner" not in names or "--runner=DirectRunner" in args
    return [*args, "--sdk_container_image=none"] if here and "--sdk_container_image" not in names else args
