"""`trailscan validate`: were log files changed, removed, or never attested?"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trailscan.aws.session import AwsOptions
from trailscan.cli import options as o
from trailscan.cli.output import end, write_summary
from trailscan.errors import ExitCode
from trailscan.trail.keys import PUBLIC_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trailscan.validate.keys import PublicKey

_MOST_KEY_BYTES = 64 * 1024 * 1024
_CODES = {
    "valid": ExitCode.COMPLETE,
    "tampered": ExitCode.FOUND,
    "incomplete": ExitCode.INCOMPLETE,
}

PublicKeys = Annotated[
    list[Path] | None,
    typer.Option(
        "--public-keys",
        metavar="FILE",
        help="Public keys to trust, as `aws cloudtrail list-public-keys` prints them (repeatable).",
    ),
]


@o.with_aws
def validate(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", help="s3://bucket or s3://bucket/prefix, or a folder copied from one."
        ),
    ],
    store: Annotated[
        str | None,
        typer.Option(
            "--store",
            envvar="TRAILSCAN_STORE",
            metavar="PATH|s3://…",
            help="The store to compare with, where verdicts are saved.",
            show_default="trailscan-store, if there is one",
        ),
    ] = None,
    since: o.Since = None,
    until: o.Until = None,
    account: o.Accounts = None,
    from_region: o.Regions = None,
    public_keys: PublicKeys = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not ask AWS for public keys.")
    ] = False,
    copy_of: Annotated[
        str | None,
        typer.Option(
            "--copy-of",
            metavar="s3://…",
            help="The bucket and prefix that SOURCE was copied from, if its paths do not say.",
        ),
    ] = None,
    every: Annotated[
        bool,
        typer.Option("--all", help="With --format json, list every verdict, not only findings."),
    ] = False,
    format: o.TextFormat = o.SummaryFormat.text,  # noqa: A002  # the option's name
    *,
    aws: AwsOptions,
    quiet: o.Quiet = False,
) -> None:
    """Check log files against CloudTrail's signed digests: changed, removed, or never attested?

    All accounts and regions at once. Exit code 0: valid; 3: something was tampered with; 4: not
    everything could be proved, and the summary says what. 3 wins over 4.
    """
    from trailscan.ingest.garbage import collecting_rarely
    from trailscan.ingest.validation.run import ValidateOptions, run_validate

    options = ValidateOptions(
        window=o.to_window(since, until),
        accounts=frozenset(account or ()),
        regions=frozenset(from_region or ()),
        public_keys=read_public_keys(public_keys, source),
        ask_aws=not offline,
        copy_of=_copy_of(copy_of),
        every=every,
        trust_store=store is not None,
        aws=aws,
    )
    with _progress(quiet=quiet) as progress, collecting_rarely():
        from dataclasses import replace

        asked = replace(options, progress=progress)
        found = _default_store() if store is None else store
        summary = run_validate(source, found, asked, datetime.now(UTC))
    if store is None and found is not None:
        summary.notes.append(
            f"compared with ./{found}, which is in this folder; its public keys are not used "
            f"(--store {found} uses them)"
        )
    write_summary(summary, format, quiet=quiet)
    end(_CODES[summary.outcome])


def read_public_keys(files: list[Path] | None, source: str) -> tuple[PublicKey, ...]:
    """The public keys in some files, and for the bundled sample logs the key bundled with them.

    Raises:
        TrailscanError: a file cannot be read, or holds no keys.
    """
    from trailscan.errors import DecodeError, NotFoundError, TrailscanError
    from trailscan.validate.keys import parse_public_keys

    found: list[PublicKey] = []
    for path in [*(files or ()), *_sample_keys(source)]:
        try:
            found += parse_public_keys(_read_keys(path), str(path))
        except FileNotFoundError:
            raise NotFoundError(f"{path} does not exist") from None
        except OSError as error:
            raise TrailscanError(f"{path}: {error.strerror}") from None
        except DecodeError as error:
            raise TrailscanError(f"{path}: {error}") from None
    return tuple(found)


def _read_keys(path: Path) -> bytes:
    """The bytes of a file of public keys, which has some hundred of each.

    Raises:
        DecodeError: it is larger than any list of keys.
    """
    from trailscan.errors import DecodeError

    with path.open("rb") as file:
        data = file.read(_MOST_KEY_BYTES + 1)
    if len(data) > _MOST_KEY_BYTES:
        raise DecodeError(
            "too_large", f"it has more than {_MOST_KEY_BYTES:,} bytes: no public keys"
        )
    return data


def _sample_keys(source: str) -> list[Path]:
    """The key file of the sample logs, if the source is an unchanged copy of them."""
    from trailscan.location import parse_s3_uri

    if parse_s3_uri(source):
        return []
    from trailscan.errors import NotFoundError
    from trailscan.ingest.bundled import sample_logs

    try:
        logs = sample_logs()
    except NotFoundError:
        return []
    keys = logs.parent / PUBLIC_KEYS
    asked = Path(source).expanduser().resolve()
    are_they = asked in (logs.resolve(), logs.parent.resolve()) or _is_copy(asked, logs)
    return [keys] if are_they and keys.exists() else []


def _is_copy(asked: Path, logs: Path) -> bool:
    """Whether a folder holds the bundled sample logs, all of them unchanged, and no others.

    Their private key is public, so it proves nothing about any other log file.
    """
    from filecmp import cmp

    inside = asked / logs.name
    folder = inside if inside.is_dir() else asked
    keys, bundled = (top.parent / PUBLIC_KEYS for top in (folder, logs))
    if not (keys.is_file() and bundled.is_file() and cmp(keys, bundled, shallow=False)):
        return False  # decided without listing what may be a large archive
    if folder == inside and any(
        one.is_dir() and one.name not in (logs.name, "__pycache__") for one in asked.iterdir()
    ):
        return False
    ours, theirs = ({path.relative_to(top) for path in _files(top)} for top in (logs, folder))
    return ours == theirs and all(cmp(logs / one, folder / one, shallow=False) for one in ours)


def _files(top: Path) -> Iterator[Path]:
    """Everything below a folder that is not a folder itself."""
    return (path for path in top.rglob("*") if path.is_symlink() or not path.is_dir())


def _copy_of(given: str | None) -> str | None:
    """The bucket of `--copy-of`, checked to be one."""
    from trailscan.errors import TrailscanError
    from trailscan.location import parse_bucket

    if given is not None:
        try:
            parse_bucket(given)
        except TrailscanError as error:
            raise typer.BadParameter(error.line, param_hint="--copy-of") from None
    return given


def _default_store() -> str | None:
    """The default store, if it exists."""
    return o.DEFAULT_STORE if Path(o.DEFAULT_STORE, "_store.json").exists() else None


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[int, int, int], None]]:
    """Show the progress of a validation, on a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("listing", total=None)

        def tell(digests: int, log_files: int, stored: int) -> None:
            words = f"digests {digests:,}, log files {log_files:,}, {stored / 1e6:,.1f} MB read"
            bar.update(task, description=words)

        yield tell
