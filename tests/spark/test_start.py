"""What is missing for the Spark engine, or wrong on its command line, is said in a line."""

from __future__ import annotations

import os
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from services.command import run_command

from trailscan.errors import TrailscanError
from trailscan.ingest.spark import session

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
