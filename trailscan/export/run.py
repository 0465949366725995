"""The nightly job: nights in order, each written once, with supplements for what comes later."""

from __future__ import annotations

import json
import shlex
import socket
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

from trailscan.aws.calls import find_caller
from trailscan.aws.session import open_session
from trailscan.errors import AlreadyExistsError, ExitCode, TrailscanError
from trailscan.export.changes import History
from trailscan.export.files import RUN, json_bytes, zip_bytes
from trailscan.export.options import Access
from trailscan.export.package import Package, draft_package, package_name
from trailscan.export.seal import Log, seal
from trailscan.export.statement import run_record
from trailscan.export.supplement import supplement_to
from trailscan.export.target import numbers_of, read_file
from trailscan.numbers import counted
from trailscan.organizations.severity import SEVERITIES
from trailscan.store.rejects import who_accepts
from trailscan.window import shifted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from trailscan.aws.session import AwsOptions
    from trailscan.export.options import PackageOptions
    from trailscan.export.package import Draft
    from trailscan.export.signing import Signer
    from trailscan.export.target import Target
    from trailscan.store.reader import StoreReader

Outcome = Literal["written", "unchanged", "supplement written"]

_TRIES = 20
_TRIES_OF_A_NAME = 3
_PAUSE = 0.5  # seconds for another run to finish what it began
_NOTIFY_SECONDS = 300
_STDERR = 2  # stdout has the places of the packages, and nothing else


@dataclass(frozen=True, slots=True)
class Written:
    """One package of a run.

    Attributes:
        package: its content.
        place: its folder or URI.
        outcome: what was done.
    """

    package: Package
    place: str
    outcome: Outcome

    @property
    def line(self) -> str:
        """The package in one line, for the mail of a nightly job."""
        said = self.package.statement
        counts, log_files = said["counts"], said["log_files"]
        attested = said["attested_by_digests"]
        if not isinstance(attested, str):
            attested = f"{attested.get('attested', 0):,} attested"
        parts = [
            "complete" if said["complete"] else "INCOMPLETE",
            _with_worst(counts["changes"], "change", counts["changes_by_severity"]),
            _with_worst(counts["findings"], "finding", counts["findings_by_severity"]),
            f"{counted(log_files['done'], 'log file')}, {attested}",
            self.outcome,
        ]
        return f"{self.package.name}: {'; '.join(parts)}"

    @property
    def worst(self) -> str | None:
        """The highest severity of its changes and findings; None without any."""
        counts = self.package.statement["counts"]
        return worst(counts["changes_by_severity"], counts["findings_by_severity"])

    @property
    def summary(self) -> dict[str, Any]:
        """What `--notify` is told."""
        said = self.package.statement
        names = (
            *("name", "day", "complete", "incomplete_because", "organization_ids", "counts"),
            *("log_files", "attested_by_digests", "digests", "rejects", "gaps", "tickets"),
            "supplement",
        )
        told = {name: said[name] for name in names}
        return {**told, "place": self.place, "outcome": self.outcome, "worst": self.worst}


def _with_worst(count: int, noun: str, by_severity: dict[str, int]) -> str:
    """A count, and how many have the highest severity."""
    grade = worst(by_severity)
    text = counted(count, noun)
    return f"{text} ({by_severity[grade]:,} {grade})" if grade else text


def worst(*by_severity: dict[str, int]) -> str | None:
    """The highest severity that occurs; None if none does."""
    found = {grade for counts in by_severity for grade in counts}
    return next((grade for grade in reversed(SEVERITIES) if grade in found), None)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How nights are exported.

    Attributes:
        package: what decides the bytes of a package.
        zipped: also write each package as a ZIP file beside its folder.
        fail_on: the severity from which exit code 3 says so; None for never.
        caller_arn: with which AWS was asked, for `run.json`.
        signer: signs the seals; None leaves them unsigned.
        stamp: gives tokens of a timestamp authority; None asks for none.
    """

    package: PackageOptions
    zipped: bool = False
    fail_on: str | None = None
    caller_arn: str | None = None
    signer: Signer | None = None
    stamp: Callable[[bytes], bytes] | None = None


@dataclass
class Run:
    """The packages of a run, in order, and what went wrong beside them."""

    options: RunOptions
    written: list[Written] = field(default_factory=list)
    tampered: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """The highest code of its packages."""
        codes = [ExitCode.COMPLETE]
        limit = self.options.fail_on
        if self.tampered or (limit and any(_reaches(one.worst, limit) for one in self.written)):
            codes.append(ExitCode.FOUND)
        if any(one.package.incomplete for one in self.written):
            codes.append(ExitCode.INCOMPLETE)
        return max(codes)

    @property
    def summary(self) -> dict[str, Any]:
        """What `--notify` is told."""
        return {
            "command": "trailscan export",
            "exit_code": int(self.exit_code),
            "tampered": self.tampered,
            "packages": [one.summary for one in self.written],
        }


def _reaches(grade: str | None, limit: str) -> bool:
    """Whether a severity is a limit or above it."""
    order: tuple[str, ...] = SEVERITIES
    return grade is not None and order.index(grade) >= order.index(limit)


def nights(first: date, last: date) -> list[date]:
    """The days from the first to the last, both included."""
    return [first + timedelta(days=by) for by in range((last - first).days + 1)]


def export_nights(
    store: StoreReader, target: Target, days: Sequence[date], run: Run, now: datetime
) -> Iterator[Written]:
    """Export nights in order; what is there already is left as it is.

    Args:
        store: what to read.
        target: where the packages go.
        days: in order.
        run: collects the packages.
        now: the present, for `run.json`.

    Raises:
        TrailscanError: the store is damaged, or the target cannot be written.
    """
    history, log = History(store, days), Log(target)
    for day in days:
        draft = draft_package(store, day, run.options.package, history)
        written = _write(target, log, draft, run.options, now)
        if run.options.zipped:
            add_zip(target, written.package.name)
        run.written.append(written)
        yield written


def _write(target: Target, log: Log, draft: Draft, options: RunOptions, now: datetime) -> Written:
    """Write the package of a night, or a supplement to what is there, or nothing.

    Another run may write the same night at the same time: then this one looks again.
    """
    day = draft.evidence.day
    tries: Counter[int] = Counter()
    for _ in range(_TRIES):
        numbers = numbers_of(target, day)
        latest = max((number for number, whole in numbers.items() if whole), default=None)
        added = None
        if latest is not None:
            name = package_name(day, latest)
            added = supplement_to(target, name, draft)
            if added is None:
                seal(log, name, options.signer, options.stamp)
                package = Package(day, {}, draft.statement, latest)
                return Written(package, target.uri(name), "unchanged")
        number = 0 if latest is None else latest + 1
        while tries[number] >= _TRIES_OF_A_NAME:
            added = added or supplement_to(target, package_name(day, number), draft)
            number += 1
        package = draft.package(number, added)
        try:
            _put(target, log, package, options, now)
        except AlreadyExistsError:  # begun by another run, which may finish it
            tries[number] += 1
            time.sleep(_PAUSE)
            continue
        return Written(
            package, target.uri(package.name), "supplement written" if added else "written"
        )
    raise TrailscanError(
        f"{target.uri(package_name(day))} is written by other runs all the time",
        "run the command again when they have ended",
    )


def _put(target: Target, log: Log, package: Package, options: RunOptions, now: datetime) -> None:
    """Write a package with who made it, and seal it.

    A package that was begun and not finished keeps the name of who began it.
    """
    who = run_record(who_accepts().partition("@")[0], socket.gethostname(), now, options.caller_arn)
    begun = read_file(target, f"{package.name}/{RUN}")
    files = {**package.files, RUN: begun or json_bytes(who)}
    target.write_package(package.name, files)
    seal(log, package.name, options.signer, options.stamp)


def add_zip(target: Target, name: str) -> None:
    """Write a package that is there as a ZIP file beside its folder, unless that is there too."""
    if read_file(target, f"{name}.zip") is None:
        files = {path: target.read(f"{name}/{path}") for path in target.paths(name)}
        target.write_new(f"{name}.zip", zip_bytes(name, files))


def find_access(aws: AwsOptions) -> tuple[Access, str]:
    """The account and role with which AWS is asked, and the ARN with the session's name.

    Raises:
        TrailscanError: AWS STS gives no answer.
    """
    caller = find_caller(open_session(aws))
    role, slash, _ = caller.arn.rpartition("/")
    named = role if slash and ":assumed-role/" in caller.arn else caller.arn
    return Access(caller.account_id, named), caller.arn


def notify(command: str, run: Run) -> None:
    """Run a command with the summary of a run as JSON on its standard input.

    Raises:
        TrailscanError: it cannot be run, or fails.
    """
    text = json.dumps(run.summary, indent=2) + "\n"
    try:
        done = subprocess.run(
            shlex.split(command),
            input=text.encode(),
            stdout=_STDERR,
            timeout=_NOTIFY_SECONDS,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise TrailscanError(f"--notify {command}: {error}") from None
    if done.returncode:
        raise TrailscanError(
            f"--notify {command} ended with exit code {done.returncode}",
            "the packages were written; run the command again by hand",
        )


def day_before(now: datetime) -> date:
    """The UTC day before an instant."""
    return shifted(now.date(), timedelta(days=-1))
