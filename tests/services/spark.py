"""A Spark cluster on loopback: a standalone master and workers, each a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from subprocess import Popen

_SECONDS = 60


class Cluster:
    """A master with workers of one core each.

    Args:
        folder: for logs and for what the workers write.
        workers: how many.
    """

    def __init__(self, folder: Path, workers: int) -> None:
        import pyspark

        self._home = Path(pyspark.__file__).parent
        self._folder = folder
        port, self._ui = _free_port(), _free_port()
        self.url = f"spark://127.0.0.1:{port}"
        master = "org.apache.spark.deploy.master.Master"
        words = ("--host", "127.0.0.1", "--port", port, "--webui-port", self._ui)
        self._master = self._start("master", master, *words)
        self._until(lambda: self.state is not None)
        self._workers = [self._start_worker(number) for number in range(workers)]
        self._until(lambda: self.alive == workers)

    @property
    def state(self) -> Any:
        """What the master says of itself; None if it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._ui}/json/") as answer:
                return json.load(answer)
        except OSError:
            return None

    @property
    def alive(self) -> int:
        """How many workers are alive."""
        return sum(one["state"] == "ALIVE" for one in self.state["workers"])

    def wait_for_application(self) -> None:
        """Wait until an application runs on the cluster and has every core."""
        self._until(lambda: any(one["cores"] for one in self.state["activeapps"]))

    def kill_worker(self) -> None:
        """Kill a worker with its executors, and let another one come."""
        worker = self._workers.pop()
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        self._workers.append(self._start_worker(9))

    def stop(self) -> None:
        """End all processes."""
        for process in (*self._workers, self._master):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start_worker(self, number: int) -> Popen[bytes]:
        worker = "org.apache.spark.deploy.worker.Worker"
        words = ("--host", "127.0.0.1", "--cores", 1, "--memory", "1g", "--webui-port", 0)
        return self._start(f"worker-{number}", worker, *words, self.url)

    def _start(self, name: str, program: str, *words: object) -> Popen[bytes]:
        """A process of the cluster without the variables of AWS: tasks bring them along."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        environment |= {"SPARK_HOME": str(self._home), "SPARK_LOCAL_IP": "127.0.0.1"}
        environment |= {"SPARK_WORKER_DIR": str(self._folder / name)}
        command = [str(self._home / "bin" / "spark-class"), program, *map(str, words)]
        with (self._folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                command, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def _until(self, holds: Any) -> None:
        """Wait until something holds."""
        end = time.monotonic() + _SECONDS
        while not holds():
            assert time.monotonic() < end, f"the cluster did not get ready: see {self._folder}"
            time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
