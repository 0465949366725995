"""A Spark session, after a look at what it needs: pyspark 4, and Java 17 or later."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import warnings
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from trailscan.errors import TrailscanError
from trailscan.ingest.spark.failures import RESUME, failed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyspark.sql import SparkSession

    from trailscan.ingest.engine import SparkOptions

PYSPARK = 4
JAVA = 17
"""The least major versions: Spark 4 runs on Java 17 and 21
(spark.apache.org/docs/latest/#downloading)."""

_VERSION = re.compile(r'version "(?:1\.)?(\d+)')
_SECONDS = 30
_ADDRESS = re.compile(r"(?:^spark://|,)(\[[^\]]+\]|[^,:]+):(\d+)")
_ANSWER_SECONDS = 10
_SCHEDULER = "org.apache.spark.scheduler.TaskSchedulerImpl"

_DEFAULTS = {
    "spark.app.name": "trailscan load",
    "spark.log.level": "ERROR",
    "spark.ui.showConsoleProgress": "false",
    "spark.ui.enabled": "false",
}
"""Properties of a session that this process starts, where the user gives no others."""

_CARRIED = (
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"),
    *("AWS_EC2_METADATA_DISABLED", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"),
)
"""Variables that executors take from the driver. Everything else, such as the role of a job, a
profile or a file of certificates, they find by themselves, as boto3 does."""


def carried_environment() -> dict[str, str]:
    """The variables of this process that tasks take along to reach AWS as it does."""
    return {name: os.environ[name] for name in _CARRIED if name in os.environ}


def check_spark() -> None:
    """Check that Spark can start.

    Raises:
        TrailscanError: pyspark or Java is missing or too old.
    """
    try:
        found = version("pyspark")
    except PackageNotFoundError:
        try:
            found = _imported_version()
        except ImportError:
            raise TrailscanError(
                "pyspark is not installed, which --engine spark needs",
                "run `pip install 'trailscan[spark]'`",
            ) from None
    if int(found.partition(".")[0]) != PYSPARK:
        raise TrailscanError(
            f"pyspark {found} is installed; --engine spark needs version {PYSPARK}",
            "run `pip install 'trailscan[spark]'`, or choose a cluster with Spark 4",
        )
    if "PYSPARK_GATEWAY_PORT" not in os.environ:  # spark-submit has started Java already
        _check_java()


def _imported_version() -> str:
    """The version of a pyspark that is no installed package, as on a cluster."""
    import pyspark  # noqa: PLC0415  # of an extra

    return str(pyspark.__version__)


def _check_java() -> None:
    """Check that there is a Java runtime that Spark can use.

    Raises:
        TrailscanError: there is none, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home, "bin", "java")) if home else shutil.which("java")
    hint = f"install Java {JAVA} or later, or let JAVA_HOME name it"
    if program is None or not Path(program).exists():
        where = f"JAVA_HOME={home} has none" if home else "there is none on PATH"
        raise TrailscanError(f"Spark needs Java {JAVA} or later, and {where}", hint)
    try:
        said = subprocess.run(
            [program, "-version"], capture_output=True, text=True, timeout=_SECONDS, check=False
        ).stderr
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TrailscanError(f"{program} does not run: {error}", hint) from None
    found = _VERSION.search(said)
    if found is None:
        raise TrailscanError(f"{program} does not say its version: {said.strip()!r}", hint)
    if int(found[1]) < JAVA:
        raise TrailscanError(f"{program} is Java {found[1]}; Spark needs {JAVA} or later", hint)


@contextmanager
def spark_session(options: SparkOptions) -> Iterator[SparkSession]:
    """A session of the options, ended behind it unless it was there before.

    Raises:
        TrailscanError: Spark cannot start.
    """
    check_spark()
    from pyspark.sql import SparkSession  # noqa: PLC0415  # of an extra

    before = SparkSession.getActiveSession()
    handler = signal.getsignal(signal.SIGINT)
    session = _start(options)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, handler)  # Spark has put its own in place
    try:
        yield session
    finally:
        if before is None:
            session.stop()


def _start(options: SparkOptions) -> SparkSession:
    """Start a session, or take the one there is.

    Raises:
        TrailscanError: Spark cannot start.
    """
    from pyspark.sql import SparkSession  # noqa: PLC0415  # of an extra

    given = dict(options.conf)
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ
    properties = given if submitted else _DEFAULTS | given
    builder = SparkSession.builder
    master = options.master or given.get("spark.master")
    if master is None and not submitted:
        master = "local[*]"
    if master is not None:
        _check_master(master)
        builder = builder.master(master)
    if not submitted:
        # pyspark takes it from the environment, not from the property. Without it the executors
        # start `python3` from PATH, which has no trailscan in a virtual environment that is not
        # activated.
        python = given.get("spark.pyspark.python") or os.environ.get("PYSPARK_PYTHON")
        os.environ["PYSPARK_PYTHON"] = python or sys.executable
        properties["spark.pyspark.python"] = python or sys.executable
    for name, value in properties.items():
        builder = builder.config(name, value)
    try:
        with quiet():
            session = builder.getOrCreate()
            _let_waiting_be_said(session)
    except _spark_errors() as error:
        raise failed("Spark cannot start", error, _START_HINT) from None
    return session


def _check_master(master: str) -> None:
    """Check that the master of a standalone cluster answers; Spark itself tries for a minute.

    Raises:
        TrailscanError: none of its addresses does.
    """
    why = ""
    for host, port in _ADDRESS.findall(master):
        try:
            with socket.create_connection((host.strip("[]"), int(port)), _ANSWER_SECONDS):
                return
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or str(error)
    if why:
        raise TrailscanError(
            f"Spark cannot start: {master} does not answer: {why}", "check --master"
        )


def _let_waiting_be_said(session: SparkSession) -> None:
    """Let Spark say on standard error that tasks wait because no executor is free."""
    context = session.sparkContext
    if context.getConf().get("spark.log.level") == _DEFAULTS["spark.log.level"]:
        log4j = context._jvm.org.apache.logging.log4j  # type: ignore[union-attr]  # noqa: SLF001  # pyspark has no other way
        log4j.core.config.Configurator.setLevel(_SCHEDULER, log4j.Level.WARN)


@contextmanager
def quiet() -> Iterator[None]:
    """Leave out what pyspark says about the version of pandas, which is not used with it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support", FutureWarning)
        yield


_START_HINT = "check --master and --conf; standard error has what Spark says"


def _spark_errors() -> tuple[type[Exception], ...]:
    """The exceptions of Spark, of its process of Java, and of the files through which both talk."""
    from py4j.protocol import Py4JError  # noqa: PLC0415  # of an extra
    from pyspark.errors import PySparkException  # noqa: PLC0415  # of an extra

    return (PySparkException, Py4JError, OSError, EOFError)


@contextmanager
def running(session: SparkSession, stop: threading.Event) -> Iterator[Callable[[], bool]]:
    """Cancel the jobs of a session when a load is to stop; yields whether that happened.

    Raises:
        TrailscanError: a job failed.
    """
    ended = threading.Event()
    cancelled = threading.Event()

    def watch() -> None:
        while not ended.wait(0.2):
            if stop.is_set():
                cancelled.set()
                session.sparkContext.cancelAllJobs()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield cancelled.is_set
    except _spark_errors() as error:
        if not cancelled.is_set():
            raise failed("Spark could not run the load", error, RESUME) from None
    finally:
        ended.set()
        watcher.join()
