"""What is missing for the Spark engine, or wrong on its command line, is said in a line."""

from __future__ import annotations

import os
import socket
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from services.command import run_command

from trailscan.errors import TrailscanError
from trailscan.ingest.spark import failures, session

SPARK = ("--engine", "spark")


def load(folder: Path, *words: str, **environment: str) -> tuple[int, str]:
    """Load an empty folder; gives the exit code and what standard error says."""
    source = folder / "source"
    source.mkdir()
    environment = {**os.environ, **environment}
    done = run_command("load", source, "--store", folder / "store", *words, env=environment)
    return done.returncode, done.stderr.decode()


def fake_java(folder: Path, says: str) -> str:
    """A home of Java whose program says something of its version."""
    program = folder / "java" / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    program.chmod(0o755)
    return str(folder / "java")


def test_pyspark_that_is_missing_is_named_with_how_to_install_it(monkeypatch):
    """Neither installed nor on the path, as it is on a cluster."""

    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(session, "version", missing)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(TrailscanError, match=r"^pyspark is not installed") as caught:
        session.check_spark()
    assert caught.value.hint == "run `pip install 'trailscan[spark]'`"
    assert caught.value.exit_code == 5


def test_pyspark_of_another_version_is_named(monkeypatch):
    """The one that is there, and the one that is needed."""
    monkeypatch.setattr(session, "version", lambda _: "3.5.6")
    with pytest.raises(TrailscanError) as caught:
        session.check_spark()
    assert str(caught.value) == "pyspark 3.5.6 is installed; --engine spark needs version 4"


def test_java_that_is_missing_is_named(tmp_path):
    """Exit code 5, and where it was looked for."""
    home = str(tmp_path / "none")
    code, said = load(tmp_path, *SPARK, JAVA_HOME=home)
    assert code == 5
    assert f"Spark needs Java 17 or later, and JAVA_HOME={home} has none" in said
    assert "install Java 17 or later, or let JAVA_HOME name it" in said


@pytest.mark.parametrize(
    ("says", "found"),
    [('openjdk version "11.0.2" 2019-01-15', "11"), ('java version "1.8.0_292"', "8")],
)
def test_java_that_is_too_old_is_named(tmp_path, says, found):
    """Exit code 5, with the version that is there, in both ways of counting."""
    code, said = load(tmp_path, *SPARK, JAVA_HOME=fake_java(tmp_path, says))
    assert code == 5
    assert f"is Java {found}; Spark needs 17 or later" in said


def test_java_that_does_not_say_its_version_is_no_java(tmp_path):
    """What it says instead is shown."""
    code, said = load(tmp_path, *SPARK, JAVA_HOME=fake_java(tmp_path, "tea or coffee?"))
    assert code == 5
    assert "does not say its version: 'tea or coffee?'" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--master", "local[1]"), "--master: it needs --engine spark"),
        (("--conf", "spark.a=b"), "--conf: it needs --engine spark"),
        ((*SPARK, "--conf", "spark.a"), "--conf: 'spark.a' is not KEY=VALUE"),
        ((*SPARK, "--conf", "=b"), "--conf: '=b' is not KEY=VALUE"),
        (("--engine", "flink"), "'flink' is not one of 'local', 'spark'"),
    ],
)
def test_options_that_cannot_be_meant_are_usage_errors(tmp_path, words, said):
    """Exit code 2, and nothing is created."""
    code, printed = load(tmp_path, *words)
    assert code == 2
    assert said in printed
    assert not (tmp_path / "store").exists()


def test_a_master_that_does_not_answer_is_named_at_once():
    """Exit code 5; Spark itself would try for a minute. Any of several addresses may answer."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    master = f"spark://127.0.0.1:{port},[::1]:{port}"
    with pytest.raises(TrailscanError) as caught:
        session._check_master(master)
    expected = f"Spark cannot start: {master} does not answer: Connection refused"
    assert (str(caught.value), caught.value.hint) == (expected, "check --master")
    with socket.create_server(("127.0.0.1", 0)) as opened:
        session._check_master(f"spark://127.0.0.1:{port},127.0.0.1:{opened.getsockname()[1]}")
    for other in ("local[2]", "yarn", "k8s://https://127.0.0.1:1"):
        session._check_master(other)


PYTHON = (
    "An exception was thrown from the Python worker:\nTraceback (most recent call last):\n"
    '  File "x.zip/pyspark/worker.py", line 598, in read_single_udf\n    f, return_type = ...\n'
    "                     ^^^^^^^^^^^^^^^^\n"
)
LOST = (
    "org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 0.0 failed 4 "
    "times, most recent failure: Lost task 0.0 in stage 0.0 (TID 0) (192.0.2.2 executor 1): "
)


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        (
            f"{PYTHON}ModuleNotFoundError: No module named 'trailscan'",
            "the executors have no Python module trailscan",
            "ship Python with trailscan to the executors, and let PYSPARK_PYTHON name it there",
        ),
        (
            (
                f"{PYTHON}pyspark.errors.exceptions.base.PySparkRuntimeError: [PYTHON_VERSION_MISMATCH] "
                "Python in worker has different version: 3.12 than that in driver: 3.11, PySpark "
                "cannot run with different minor versions."
            ),
            "the executors run Python 3.12, and this process runs 3.11",
            "let PYSPARK_PYTHON name Python 3.11 of the executors",
        ),
        (
            f'{LOST}java.io.IOException: Cannot run program "/venv/bin/python": error=2, No such file',
            "the executors have no program /venv/bin/python",
            "ship Python with trailscan to the executors, and let PYSPARK_PYTHON name it there",
        ),
        (
            f"{PYTHON}trailscan.errors.CredentialsError: no AWS credentials found",
            "on the executors: no AWS credentials found",
            (
                "give them a role, or this process keys in AWS_ACCESS_KEY_ID and so on: profiles and "
                "files of credentials are not passed on to them"
            ),
        ),
        (
            f"{LOST}java.io.IOException: No space left on device\n\tat java.base/x",
            "the folder of Spark's temporary files is full, on an executor or on this machine",
            "give them more disk, or let --conf spark.local.dir=FOLDER name another folder",
        ),
        (
            f"{LOST}org.apache.spark.SparkException: Python worker exited unexpectedly (crashed).",
            "Python on an executor was killed, as happens when memory runs out",
            "give the executors more memory: --conf spark.executor.memoryOverhead=2g",
        ),
        (
            (
                "org.apache.spark.SparkException: Job aborted due to stage failure: Total size of "
                "serialized results of 9 tasks (1025.0 MiB) is bigger than spark.driver.maxResultSize "
                "(1024.0 MiB)"
            ),
            "the data files of a wave are larger than spark.driver.maxResultSize (1024.0 MiB)",
            "add --conf spark.driver.maxResultSize=0, and give the driver memory",
        ),
        (
            "java.lang.IllegalStateException: Cannot call methods on a stopped SparkContext.\n",
            "the cluster did not take the application",
            "check --master and --conf; standard error has what Spark says",
        ),
        (f"{PYTHON}KeyError: 'x'\n\n SQLSTATE: 38000", "KeyError: 'x'", "do this"),
        (f"\n{LOST}x\n\tat y", f"{LOST}x", "do this"),
        ("", "ValueError", "do this"),
    ],
    ids=lambda value: value[-20:],
)
def test_what_spark_says_becomes_one_line_with_what_to_do(text, said, hint):
    """As Spark 4.3 says it; what is not known is shown without its traces."""
    error = failures.failed("Spark could not run the load", ValueError(text), "do this")
    assert (str(error), error.hint) == (f"Spark could not run the load: {said}", hint)


@pytest.mark.usefixtures("java")
def test_a_master_that_there_is_not_is_named_as_an_option_to_check(tmp_path):
    """Exit code 5, and what Spark says of it, without its traces."""
    samples = Path(__file__).parent.parent.parent / "sample_logs" / "AWSLogs"
    words = ("load", samples, "--store", tmp_path / "store", *SPARK, "--master", "mars://x")
    done = run_command(*words)
    said = done.stderr.decode()
    assert done.returncode == 5
    assert "trailscan: Spark cannot start: " in said
    assert "check --master and --conf" in said
    assert "Traceback" not in said
