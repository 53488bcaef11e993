"""A pod as a process of this machine: what the kubelet makes of a container's command; images are ignored."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from support import processes
from support.repository import python_environment

CONTAINER = "main"


@dataclasses.dataclass
class Machine:
    """A machine that runs pods.

    Attributes:
        folder: their logs.
        ports: of the host with each index, which stand for the DNS.
        replaced: beginning of a command -> what runs in its place.
        cut_log: number of lines after which the next stream of a log breaks off.
    """

    folder: Path
    ports: tuple[int, ...] = ()
    replaced: dict[tuple[str, ...], list[str]] = dataclasses.field(default_factory=dict)
    cut_log: int | None = None


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """Replaces `$(NAME)` and `$$` as the kubelet does (third_party/forked/golang/expansion)."""

    def value(match: re.Match[str]) -> str:
        return "$" if match[0] == "$$" else variables.get(match[1], match[0])

    return re.sub(r"\$\$|\$\(([^)]*)\)", value, text)


class PodProcess:
    """A started pod.

    Attributes:
        process: the process of its container.
        log: file with its output.
    """

    def __init__(self, pod: Mapping[str, Any], machine: Machine) -> None:
        """Starts the process.

        Args:
            pod: JSON form of the Pod.
            machine: where it runs.
        """
        metadata, container = pod["metadata"], pod["spec"]["containers"][0]
        self._ending = False
        self.log, self._machine = machine.folder / f"{metadata['name']}.log", machine
        variables: dict[str, str] = {}
        for one in container.get("env", ()):
            source = one.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
            text = metadata["annotations"][source.split("'")[1]] if source else one.get("value", "")
            variables[one["name"]] = expanded(text, variables)
        service = pod["spec"].get("subdomain")
        for index, port in enumerate(machine.ports):
            address = f"{service}-{index}.{service}:{container['ports'][0]['containerPort']}"
            variables["TF_CONFIG"] = variables["TF_CONFIG"].replace(address, f"localhost:{port}")
        command = [expanded(part, variables) for part in (*container["command"], *container.get("args", ()))]
        for program, stub in {**machine.replaced, ("python",): [sys.executable]}.items():
            if tuple(command[: len(program)]) == program:
                command[: len(program)] = stub
                break
        with self.log.open("wb") as log:
            self.process = processes.popen(
                command, env={**python_environment(), **variables}, stdout=log, stderr=subprocess.STDOUT
            )

    def end(self, grace: float = 30) -> None:
        """Asks the process to end, and kills it if it has not after the grace period; returns at once."""
        if not self._ending:
            self._ending = True
            self.process.terminate()
            timer = threading.Timer(grace, self.process.kill)
            timer.daemon = True
            timer.start()

    def status(self) -> dict[str, Any]:
        """Returns the JSON form of the pod's status."""
        code = self.process.poll()
        state: dict[str, Any] = {"running": {}}
        phase = "Running"
        if code is not None:
            phase, code = "Failed" if code else "Succeeded", 128 - code if code < 0 else code
            state = {"terminated": {"exitCode": code, "reason": "Error" if code else "Completed"}}
            if code:  # FallbackToLogsOnError
                text = "".join(self.log.read_text(encoding="utf-8").splitlines(keepends=True)[-80:])
                state["terminated"]["message"] = text[-2048:]
        ready = code is None
        container = {"name": CONTAINER, "image": "", "imageID": "", "ready": ready, "restartCount": 0, "state": state}
        return {"phase": phase, "containerStatuses": [container]}

    def lines(self) -> Iterator[str]:
        """Yields the lines of the log as they are written, with times, until the process ends."""
        number, cut, rest = 0, self._machine.cut_log, ""
        self._machine.cut_log = None
        with self.log.open(encoding="utf-8") as log:
            while number != cut:
                ended = self.process.poll() is not None
                rest += log.readline()
                if rest.endswith("\n"):
                    number += 1
                    yield f"2026-11-28T00:00:00.{number:09}Z {rest}"
                    rest = ""
                elif ended:
                    return
                else:
                    time.sleep(0.005)
