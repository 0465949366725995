"""What the options of `trailscan export` mean: days, files, access, and a load before."""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from trailscan.aws.session import AwsOptions
from trailscan.cli import options as o
from trailscan.cli.output import say
from trailscan.cli.validate import read_public_keys
from trailscan.location import parse_s3_uri

if TYPE_CHECKING:
    from trailscan.buckets import Protection
    from trailscan.export.options import Access, PackageOptions
    from trailscan.export.pseudonyms import Pseudonyms
    from trailscan.export.tickets import Tickets
    from trailscan.ingest.run import LoadOptions

_FIRST_LOAD = timedelta(days=30)


def package_options(
    sample: int | None,
    seed: str,
    tickets: Path | None,
    pseudonyms: Path | None,
    with_log_files: bool,
    require: str | None,
    store: str,
    load_from: str | None,
    aws: AwsOptions,
    now: datetime,
) -> tuple[PackageOptions, str | None]:
    """What packages are asked for, and the ARN with which AWS is asked."""
    from trailscan.export.options import PackageOptions
    from trailscan.export.sample import Sample

    if with_log_files and pseudonyms is not None:
        raise typer.BadParameter(
            "log files hold people and addresses: leave out --with-log-files or --pseudonyms"
        )
    access, arn = _access(store, load_from, aws)
    options = PackageOptions(
        require_attested=require is not None,
        sample=None if sample is None else Sample(sample, seed),
        tickets=None if tickets is None else _read_tickets(tickets, now),
        with_log_files=with_log_files,
        pseudonyms=None if pseudonyms is None else _read_key(pseudonyms),
        access=access,
        aws=aws,
    )
    return options, arn


def _access(store: str, load_from: str | None, aws: AwsOptions) -> tuple[Access | None, str | None]:
    """The account and role with which AWS is asked; nothing if none of it is at AWS."""
    from trailscan.export.run import find_access

    places = [place for place in (store, load_from) if place and parse_s3_uri(place)]
    elsewhere = aws.endpoint_url or any(
        name.startswith("AWS_ENDPOINT_URL_S3") for name in os.environ
    )
    if not places or elsewhere or aws.no_sign_request:
        return None, None
    return find_access(aws)


def days_of(day: str | None, since: str | None, until: str | None, now: datetime) -> list[date]:
    """The nights to export, in order."""
    from trailscan.export.run import day_before, nights

    if (day is None) == (since is None):
        raise typer.BadParameter("give --for DAY or --since DAY", param_hint="--for")
    if day is not None:
        if until is not None:
            raise typer.BadParameter("--until belongs to --since", param_hint="--until")
        return [_day(day, now, "--for")]
    last = day_before(now) if until is None else _day(until, now, "--until")
    first = _day(since or "", now, "--since")
    if last < first:
        raise typer.BadParameter(f"{last} is before {first}", param_hint="--until")
    return nights(first, last)


def _day(text: str, now: datetime, option: str) -> date:
    """The UTC day that a user means: a date, `yesterday`, or an age in days or weeks."""
    from trailscan.export.run import day_before
    from trailscan.window import parse_day, parse_when

    word = text.strip().lower()
    if word == "yesterday":
        return day_before(now)
    with o.usage(option):
        if word[-1:] in ("d", "w") and word[:-1].isdigit():
            return parse_when(word, now).date()
        return parse_day(text)


def severity(given: str | None) -> str | None:
    """The severity of `--fail-on`; an unknown one is a usage error."""
    from trailscan.organizations.severity import SEVERITIES

    if given is not None and given.casefold() not in SEVERITIES:
        raise typer.BadParameter(
            f"no severity {given!r}; there are: {', '.join(SEVERITIES)}", param_hint="--fail-on"
        )
    return given and given.casefold()


def _read_file(path: Path, option: str) -> bytes:
    """The bytes of a file that an option names; one that cannot be read is a usage error."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint=option) from None


def _read_tickets(path: Path, now: datetime) -> Tickets:
    """The tickets of a file."""
    from trailscan.export.tickets import parse_tickets

    data = _read_file(path, "--tickets")
    with o.usage("--tickets"):
        return parse_tickets(data, now)


def _read_key(path: Path) -> Pseudonyms:
    """The key of pseudonyms in a file, without white space around it."""
    from trailscan.export.pseudonyms import Pseudonyms

    data = _read_file(path, "--pseudonyms")
    with o.usage("--pseudonyms"):
        return Pseudonyms(data.strip())


def protection(
    to: str, lock_days: int | None, lock_mode: str, kms_key: str | None, now: datetime
) -> Protection | None:
    """How objects are protected; options for S3 on a folder are a usage error."""
    from trailscan.buckets import Protection

    if lock_days is None and kms_key is None:
        return None
    if not to.startswith("s3://"):
        raise typer.BadParameter("--lock-days and --sse-kms-key need --to s3://…")
    return Protection(
        lock_mode=lock_mode.upper() if lock_days else "",
        lock_until=now + timedelta(days=lock_days) if lock_days else None,
        kms_key=kms_key or "",
    )


def load_first(
    source: str,
    store: str,
    first: date,
    public_keys: list[Path] | None,
    offline: bool,
    aws: AwsOptions,
    now: datetime,
    *,
    quiet: bool,
) -> bool:
    """Load and validate a source before nights are exported; returns whether it was tampered with.

    What could not be loaded makes the packages incomplete: the ledger has it.
    """
    from trailscan.ingest.run import run_load
    from trailscan.render.summary_text import summary_text

    options = _load_options(source, first, public_keys, offline, aws, now)
    summary = run_load([source], store, options, now)
    texts = [summary_text(summary), *map(summary_text, summary.validations)]
    say(*(line for text in texts for line in text.splitlines()), quiet=quiet)
    return any(one.outcome == "tampered" for one in summary.validations)


def _load_options(
    source: str,
    first: date,
    public_keys: list[Path] | None,
    offline: bool,
    aws: AwsOptions,
    now: datetime,
) -> LoadOptions:
    """The options of the load: from the first night on, if the default would begin later."""
    from trailscan.ingest.run import LoadOptions
    from trailscan.ingest.validation.run import ValidateOptions
    from trailscan.window import Window

    start = Window.day(first).start
    keys = read_public_keys(public_keys, source)
    early = bool(parse_s3_uri(source)) and start is not None and start < now - _FIRST_LOAD
    return LoadOptions(
        window=Window(start if early else None, None),
        aws=aws,
        validate=ValidateOptions(public_keys=keys, ask_aws=not offline),
    )
