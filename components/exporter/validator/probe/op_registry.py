"""Which ops a server knows that holds TensorFlow and nothing else."""

from __future__ import annotations

from .c_api import call, library, take_buffer
from .tensorflow_wheel import protos


def registered_ops() -> frozenset[str]:
    """Returns the names of all ops that TensorFlow's C library knows, and thus a server without custom ops."""
    ops = protos("core.framework.op_def_pb2").OpList()
    ops.ParseFromString(take_buffer(library().TF_GetAllOpList()))
    return frozenset(op.name for op in ops.op)


def has_cpu_kernel(op: str) -> bool:
    """Says whether the op can run on a CPU outside of Python: `PyFunc` is known to the library and has no kernel."""
    kernels = protos("core.framework.kernel_def_pb2").KernelList()
    kernels.ParseFromString(take_buffer(call("TF_GetRegisteredKernelsForOp", op.encode())))
    return any(kernel.device_type in ("CPU", "DEFAULT") for kernel in kernels.kernel)
