"""A Beam cluster on this machine: a job server that is not ours, and two pools of workers.

The job server is Prism, Beam's runner in Go, whose executable is built once from its Go module and kept in the user's
cache: that takes 100 CPU seconds, so CI uses it only if it is there. Otherwise, and without Go or its modules, it is
Beam's job server in Python. `python -m support.beam_cluster` builds it.

`python -m support.beam_cluster PORT_FILE` is a pool. Its workers are threads, so TensorFlow is imported once for all
jobs.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from support.processes import Process, free_port, popen

# For both stacks: Prism 2.64, the version of the older stack's apache-beam, does not know the coders of StatisticsGen.
_PRISM_VERSION = "2.77.0"
_PRISM = "github.com/apache/beam/sdks/v2"
_STARTS = 120  # seconds


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A job server and pools of workers, with their processes and logs."""

    job_server: str
    job_port: int
    pool_ports: list[int]
    pools: list[Process]
    folder: Path

    def beam_args(self, pool: int = 0) -> list[str]:
        """Returns the arguments of `beam.args` for the workers of a pool."""
        # Without sdk_container_image TFX packs itself for the workers, which already have it.
        return [
            "--runner=PortableRunner",
            f"--job_endpoint=localhost:{self.job_port}",
            "--environment_type=EXTERNAL",
            f"--environment_config=localhost:{self.pool_ports[pool]}",
            "--sdk_container_image=ours",
        ]

    def workers_started(self, pool: int) -> int:
        """Returns how many workers a pool has started."""
        return (self.folder / f"pool-{pool}.log").read_text(encoding="utf-8").count("starts worker")


@contextlib.contextmanager
def beam_cluster(folder: Path) -> Iterator[Cluster]:
    """Starts the processes, and kills them at the end."""
    prism, job_port = prism_executable(build="CI" not in os.environ), free_port()
    commands: list[list[object]] = [[prism, f"--job_port={job_port}", "--serve_http=false"]]
    if prism is None:
        server = "apache_beam.runners.portability.local_job_service_main"
        commands = [[sys.executable, "-m", server, f"--port={job_port}", f"--staging_dir={folder / 'staging'}"]]
    names = ["jobs", "pool-0", "pool-1"]
    commands += [[sys.executable, "-m", "support.beam_cluster", folder / f"{name}.port"] for name in names[1:]]
    path = os.pathsep.join([str(Path(__file__).parents[1]), str(Path(__file__).parents[2])])
    environment = {**os.environ, "PYTHONPATH": path}
    with contextlib.ExitStack() as stack:
        processes = []
        for name, command in zip(names, commands, strict=True):
            log = stack.enter_context((folder / f"{name}.log").open("w"))
            process = popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment, cwd=folder)
            processes.append(stack.enter_context(process))
        ports = [_port_in(folder / f"{name}.port", folder) for name in names[1:]]
        _connect(job_port, folder)
        yield Cluster("python" if prism is None else "prism", job_port, ports, processes[1:], folder)


def prism_executable(*, build: bool) -> Path | None:
    """Returns Prism from the cache.

    Args:
        build: whether to build it if it is missing; None is returned without Go, or if the build fails.
    """
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = caches / "deployable-ner-tests" / f"prism-{_PRISM_VERSION}"
    if (folder / "prism").exists():
        return folder / "prism"
    if not build or shutil.which("go") is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "go.mod").write_text(f"module prism\nrequire {_PRISM} v{_PRISM_VERSION}\n", encoding="utf-8")
    made = f"prism.{os.getpid()}"
    command = ["go", "build", "-mod=mod", "-o", made, f"{_PRISM}/go/cmd/prism"]
    if subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, check=False).returncode:
        return None
    return (folder / made).rename(folder / "prism")


def _port_in(file: Path, folder: Path) -> int:
    end = time.monotonic() + _STARTS
    while not file.exists():
        _check(end, folder)
    return int(file.read_text(encoding="utf-8"))


def _connect(port: int, folder: Path) -> None:
    end = time.monotonic() + _STARTS
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("localhost", port)):
            return
        _check(end, folder)


def _check(end: float, folder: Path) -> None:
    output = "".join(log.read_text(encoding="utf-8") for log in folder.glob("*.log"))
    assert time.monotonic() < end, f"the cluster does not start: {output}"
    time.sleep(0.1)


def _serve(port_file: Path) -> None:
    """Starts workers as threads on request."""
    from apache_beam.runners.worker.worker_pool_main import BeamFnExternalWorkerPoolServicer

    class Pool(BeamFnExternalWorkerPoolServicer):
        def StartWorker(self, start_worker_request, unused_context):
            print(f"starts worker {start_worker_request.worker_id}", flush=True)
            return super().StartWorker(start_worker_request, unused_context)

    address, _ = Pool.start(use_process=False)
    temporary = port_file.with_suffix(".tmp")
    temporary.write_text(address.rsplit(":", 1)[1], encoding="utf-8")
    temporary.rename(port_file)
    threading.Event().wait()


if __name__ == "__main__":
    if sys.argv[1:]:
        _serve(Path(sys.argv[1]))
    elif prism_executable(build=True) is None:
        sys.exit("Prism was not built. It needs Go and access to its modules.")
