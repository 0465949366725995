"""`trailscan export keygen` and `export verify`: keys of seals, and the check of packages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trailscan.cli.options import usage
from trailscan.cli.output import end, write_text
from trailscan.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from trailscan.aws.session import AwsOptions
    from trailscan.export.signing import Signer


def keygen(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private key goes.")],
) -> None:
    """Make an Ed25519 key for `--key`: FILE has the private half, FILE.pub the public one.

    Give FILE.pub to whoever verifies packages, by another way than the packages.
    """
    from trailscan.export.signing import generate_key

    write_text(generate_key(file).text, None)


def verify(
    place: Annotated[Path, typer.Argument(metavar="FOLDER|ZIP", help="One package or several.")],
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A checkpoint that was kept elsewhere.")
    ] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="The signer's FILE.pub.")] = None,
    public_keys: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Output of `aws cloudtrail list-public-keys`."),
    ] = None,
    timestamp_root: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Root certificates of the timestamp authority, in PEM."),
    ] = None,
) -> None:
    """Check a package, its ZIP file, or a folder of packages, down to AWS's own signatures.

    What is given from outside is trusted; what is only inside rests on itself. Exit code 0: all
    holds, and all was given; 4: all holds, but something rests on the package alone; 3: refused.
    """
    from trailscan.export.timestamps import read_roots
    from trailscan.export.verification import verify_place
    from trailscan.export.verifier.program import read_given

    try:
        given = read_given(checkpoint, key, public_keys)
        roots = None if timestamp_root is None else read_roots(timestamp_root)
        place.stat()
    except (OSError, ValueError) as error:
        raise typer.BadParameter(str(error)) from None
    report = verify_place(place, given, roots)
    write_text("\n".join(report.lines()), None)
    end(ExitCode(report.exit_code))


def find_signer(key: Path | None, kms_key: str | None, aws: AwsOptions) -> Signer | None:
    """The signer of packages: a key file, a key of AWS KMS, or none."""
    from trailscan.export.signing import kms_signer, read_signer

    if key is not None and kms_key is not None:
        raise typer.BadParameter("give --key or --kms-key", param_hint="--kms-key")
    if kms_key is not None:
        return kms_signer(kms_key, aws)
    return None if key is None else read_signer(key)


def find_stamper(url: str | None) -> Callable[[bytes], bytes] | None:
    """What asks a timestamp authority for tokens; None without a URL."""
    if url is None:
        return None
    from trailscan.export.timestamps import stamper

    with usage("--timestamp"):
        return stamper(url)
