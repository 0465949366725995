"""`trailscan export`: the compliance packages of nights, and the index of a period."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from trailscan.aws.session import AwsOptions
from trailscan.cli import options as o
from trailscan.cli.examples import examples
from trailscan.cli.export_seal import find_signer, find_stamper, keygen, verify
from trailscan.cli.nights import days_of, load_first, package_options, protection, severity
from trailscan.cli.output import end, say, write_text
from trailscan.cli.validate import PublicKeys
from trailscan.cli.words import Command, Group, paragraphs
from trailscan.errors import ExitCode

if TYPE_CHECKING:
    from trailscan.export.run import RunOptions

app = typer.Typer(cls=Group, invoke_without_command=True, epilog=examples("export"))

_DAY = "a date, `yesterday`, or an age such as 7d"


def _option(flag: str, text: str, panel: str, **more: Any) -> Any:
    """An option in a panel of the help."""
    return typer.Option(flag, help=text, rich_help_panel=panel, **more)


_NIGHTS, _INSIDE, _S3, _JOB = "Which nights", "What is inside", "Targets in S3", "As a nightly job"
_SEAL = "Seal"

For = Annotated[str | None, _option("--for", f"The UTC day: {_DAY}.", _NIGHTS, metavar="DAY")]
FirstDay = Annotated[
    str | None,
    _option("--since", f"Each night from this day on, in order: {_DAY}.", _NIGHTS, metavar="DAY"),
]
LastDay = Annotated[
    str | None,
    _option(
        "--until",
        "The last of these days (included).",
        _NIGHTS,
        metavar="DAY",
        show_default="yesterday",
    ),
]
Period = Annotated[
    str | None,
    _option(
        "--period",
        "The index over the nights in --to: 2026-Q4, 2026-11 or 2026.",
        _NIGHTS,
        metavar="PERIOD",
    ),
]
To = Annotated[str, typer.Option("--to", metavar="FOLDER|s3://…", help="Where the packages go.")]
LoadFrom = Annotated[
    str | None,
    _option(
        "--load-from",
        "Load from this source first, and check it against its digests.",
        _JOB,
        metavar="SOURCE",
    ),
]
Offline = Annotated[
    bool, _option("--offline", "With --load-from, do not ask AWS for public keys.", _JOB)
]
Zip = Annotated[bool, _option("--zip", "Also write each package as export-DATE.zip.", _INSIDE)]
WithLogFiles = Annotated[
    bool, _option("--with-log-files", "Include the log files as they are stored.", _INSIDE)
]
SampleSize = Annotated[
    int | None, _option("--sample", "Draw so many changes for review.", _INSIDE, metavar="N", min=1)
]
Seed = Annotated[
    str,
    _option("--seed", "Seed of the sample: the same seed draws the same.", _INSIDE, metavar="SEED"),
]
TicketsFile = Annotated[
    Path | None,
    _option(
        "--tickets",
        "Mark the changes that tickets cover: CSV with id, actor, from, to, target.",
        _INSIDE,
        metavar="FILE",
    ),
]
PseudonymsKey = Annotated[
    Path | None,
    _option(
        "--pseudonyms",
        "Replace people and addresses by pseudonyms, with the key in this file.",
        _INSIDE,
        metavar="KEYFILE",
    ),
]
Require = Annotated[
    Literal["attested"] | None,
    _option(
        "--require",
        "Incomplete unless CloudTrail's digests attest every log file.",
        _INSIDE,
        metavar="attested",
    ),
]
FailOn = Annotated[
    str | None,
    _option(
        "--fail-on",
        "Exit with code 3 if a change or finding has this severity or higher.",
        _JOB,
        metavar="SEVERITY",
    ),
]
Notify = Annotated[
    str | None,
    _option(
        "--notify",
        "Run this command with the summary as JSON on its standard input.",
        _JOB,
        metavar="COMMAND",
    ),
]
LockDays = Annotated[
    int | None,
    _option("--lock-days", "Lock each object for so many days.", _S3, metavar="N", min=1),
]
LockMode = Annotated[
    Literal["governance", "compliance"],
    _option(
        "--lock-mode",
        "Mode of Object Lock, governance or compliance; nobody can shorten compliance.",
        _S3,
        metavar="MODE",
    ),
]
KmsKey = Annotated[
    str | None,
    _option("--sse-kms-key", "Encrypt objects with this KMS key (SSE-KMS).", _S3, metavar="ARN"),
]

KeyFile = Annotated[
    Path | None,
    _option("--key", "Sign the seal with this key (`export keygen`).", _SEAL, metavar="FILE"),
]
SigningKey = Annotated[
    str | None,
    _option("--kms-key", "Sign the seal with this Ed25519 key of KMS.", _SEAL, metavar="ARN"),
]
Timestamp = Annotated[
    str | None,
    _option(
        "--timestamp",
        "Ask this RFC 3161 timestamp authority for a token over the checkpoint.",
        _SEAL,
        metavar="URL",
    ),
]


def export(
    context: typer.Context,
    day: For = None,
    since: FirstDay = None,
    until: LastDay = None,
    period: Period = None,
    to: To = ".",
    store: o.Store = o.DEFAULT_STORE,
    sample: SampleSize = None,
    seed: Seed = "1",
    tickets: TicketsFile = None,
    with_log_files: WithLogFiles = False,
    pseudonyms: PseudonymsKey = None,
    require: Require = None,
    zipped: Zip = False,
    load_from: LoadFrom = None,
    public_keys: PublicKeys = None,
    offline: Offline = False,
    fail_on: FailOn = None,
    notify: Notify = None,
    lock_days: LockDays = None,
    lock_mode: LockMode = "governance",
    sse_kms_key: KmsKey = None,
    key: KeyFile = None,
    kms_key: SigningKey = None,
    timestamp: Timestamp = None,
    *,
    names: o.Names = None,
    aws: AwsOptions,
    quiet: o.Quiet = False,
) -> None:
    """Write the compliance package of a night, or of several nights in order.

    A package that is there already is never changed: what arrives later becomes a numbered
    supplement, and running the command twice changes nothing. A night without changes makes a
    package too. Exit code 3: a severity of --fail-on, or log files were tampered with; 4: a package
    was written, and says why it is incomplete.
    """
    if context.invoked_subcommand is not None:
        return
    from trailscan.export.run import Run, RunOptions, export_nights
    from trailscan.export.run import notify as run_command
    from trailscan.export.target import open_target

    now = datetime.now(UTC)
    options = package_options(
        sample, seed, tickets, pseudonyms, with_log_files, require, store, load_from, aws, now
    )
    seals = (find_signer(key, kms_key, aws), find_stamper(timestamp))
    run = Run(RunOptions(options[0], zipped, severity(fail_on), options[1], *seals))
    target = open_target(to, aws, protection(to, lock_days, lock_mode, sse_kms_key, now))
    if period is not None:
        if day or since or until or load_from:
            raise typer.BadParameter("--period takes no days and loads nothing")
        _export_period(target, period, run.options, now, quiet=quiet)
        return
    days = days_of(day, since, until, now)
    if load_from is not None:
        run.tampered = load_first(
            load_from, store, days[0], public_keys, offline, aws, now, quiet=quiet
        )
    reader = o.open_store(store, aws, names)
    for written in export_nights(reader, target, days, run, now):
        write_text(written.place, None)
        say(written.line, quiet=quiet)
        for reason in written.package.incomplete:
            say(f"incomplete: {reason}", quiet=quiet)
    if notify is not None:
        run_command(notify, run)
    end(run.exit_code)


def _export_period(
    target: Any, period: str, options: RunOptions, now: datetime, *, quiet: bool
) -> None:
    """Write the index of a period."""
    from trailscan.export.period import export_period

    with o.usage("--period"):
        written = export_period(target, period, options, now)
    write_text(written.place, None)
    say(written.line, quiet=quiet)
    for reason in written.incomplete:
        say(f"incomplete: {reason}", quiet=quiet)
    end(ExitCode.INCOMPLETE if written.incomplete else ExitCode.COMPLETE)


app.callback(help=paragraphs(export.__doc__))(o.with_aws(export))
for _command in (verify, keygen):
    app.command(
        _command.__name__,
        cls=Command,
        help=paragraphs(_command.__doc__),
        epilog=examples(f"export {_command.__name__}"),
    )(_command)
