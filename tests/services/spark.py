"""A Spark cluster on loopback, each part a process of its own, and a driver for many loads."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from subprocess import Popen

_SECONDS = 180
_PROGRAM = Path(__file__).parent / "spark_driver.py"
QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Java that does not spend its first minute, which is all it has, on compiling twice."""

_PYTHON_OF_TASKS = b"pyspark.daemon"


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
        """What the master says of itself; None if it does not answer yet, or not in JSON."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._ui}/json/") as answer:
                return json.load(answer)
        except (OSError, ValueError):  # its pages are there before its JSON is
            return None

    @property
    def alive(self) -> int:
        """How many workers are alive."""
        return sum(one["state"] == "ALIVE" for one in self.state["workers"])

    def wait_for_task(self) -> None:
        """Wait until an executor runs a task in Python."""
        self._until(lambda: any(map(_runs_a_task, self._workers)))

    def kill_busy_worker(self) -> None:
        """Kill a worker with its executor in a task, and let another worker come."""
        self.wait_for_task()
        worker = next(filter(_runs_a_task, self._workers))
        self._workers.remove(worker)
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
        environment |= {"SPARK_DAEMON_JAVA_OPTS": QUICK_JAVA}
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
            time.sleep(0.05)


class Driver:
    """A process with one Spark session, in which commands of trailscan run one after another.

    A session takes many seconds to start, and to end; a load takes the session that there is.

    Args:
        master: the URL of the cluster.
        conf: properties of the session.
        environment: of the process.
        log: gets what it says.
    """

    def __init__(
        self, master: str, conf: dict[str, str], environment: dict[str, str], log: Path
    ) -> None:
        words = [sys.executable, str(_PROGRAM), master, json.dumps(conf)]
        pipe = subprocess.PIPE
        with log.open("wb") as said:
            self._process = subprocess.Popen(
                words,
                env=environment,
                stdin=pipe,
                stdout=pipe,
                stderr=said,
                start_new_session=True,
            )

    def run(self, *words: object) -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end, with the variables of AWS that this process has now.

        Raises:
            ConnectionError: the process ended before it.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        environment = {k: v for k, v in os.environ.items() if k.startswith("AWS_")}
        with tempfile.NamedTemporaryFile() as printed:
            asked = {"words": [*map(str, words)], "environment": environment, "out": printed.name}
            self._process.stdin.write(json.dumps(asked).encode() + b"\n")
            self._process.stdin.flush()
            code = self._process.stdout.readline()
            if not code:
                raise ConnectionError("the driver ended")
            return subprocess.CompletedProcess(asked["words"], int(code), printed.read(), b"")

    def kill(self) -> None:
        """Kill the process and its Java at once."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            with self._process:  # which closes the pipes
                pass


def _runs_a_task(worker: Popen[bytes]) -> bool:
    """Whether an executor of a worker has started Python, which it does for its first task."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
            if _PYTHON_OF_TASKS in words and os.getsid(int(process.name)) == worker.pid:
                return True
        except OSError:  # it has ended meanwhile
            continue
    return False


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
