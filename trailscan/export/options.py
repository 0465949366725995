"""What a package is asked for, and who asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trailscan.aws.session import AwsOptions

if TYPE_CHECKING:
    from trailscan.export.pseudonyms import Pseudonyms
    from trailscan.export.sample import Sample
    from trailscan.export.tickets import Tickets


@dataclass(frozen=True, slots=True)
class PackageOptions:
    """What decides the bytes of a package besides the store.

    Attributes:
        require_attested: the package is incomplete unless digests attest every log file.
        sample: how many changes to draw, and the seed; None for no sample.
        tickets: what was approved; None for no comparison.
        with_log_files: include the log files as they are stored.
        pseudonyms: replaces people and addresses; None leaves them as recorded.
        access: the account and role with which AWS was asked; None without a call of AWS.
    """

    require_attested: bool = False
    sample: Sample | None = None
    tickets: Tickets | None = None
    with_log_files: bool = False
    pseudonyms: Pseudonyms | None = None
    access: Access | None = None
    aws: AwsOptions = field(default_factory=AwsOptions)

    @property
    def parameters(self) -> dict[str, object]:
        """The parameters as the statement repeats them."""
        return {
            "require": "attested" if self.require_attested else None,
            "sample": self.sample and {"size": self.sample.size, "seed": self.sample.seed},
            "tickets_sha256": self.tickets and self.tickets.sha256,
            "with_log_files": self.with_log_files,
            "pseudonyms": self.pseudonyms is not None,
        }


@dataclass(frozen=True, slots=True)
class Access:
    """The account and role with which AWS was asked: the session's name is in `run.json`."""

    account_id: str
    role: str
