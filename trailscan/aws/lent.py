"""Credentials that one process lends to another of its own, which need not open a session for them.

Opening one takes a tenth of a second of processor time and 15 MB, in each worker process.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from trailscan.aws.session import CREDENTIAL_LIFE, credential_provider, find_credentials
from trailscan.errors import CredentialsError

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3
    from obstore.auth.boto3 import Boto3CredentialProvider
    from obstore.store import S3Credential


class Lent(NamedTuple):
    """Credentials as they are now; whoever has them opens a session of its own later.

    Attributes:
        until: when that is.
    """

    access_key: str
    secret_key: str
    token: str | None
    until: datetime

    def __repr__(self) -> str:
        return f"Lent(…, until={self.until:%Y-%m-%dT%H:%M:%SZ})"


def lend(session: boto3.Session) -> Lent:
    """The credentials of a session, for as long as boto3 keeps them valid at least.

    Raises:
        AccessError: there are none, or what should give them fails.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # start-up

    try:
        frozen = find_credentials(session).get_frozen_credentials()
    except (BotoCoreError, ClientError) as error:  # they could not be renewed
        raise CredentialsError(f"no credentials: {error}") from None
    until = datetime.now(UTC) + CREDENTIAL_LIFE
    return Lent(frozen.access_key, frozen.secret_key, frozen.token, until)


class Borrower:
    """Gives obstore credentials that were lent, and those of a session afterwards.

    Args:
        lent: the credentials.
        session: opens the session; called once, when they are no longer lent.
    """

    def __init__(self, lent: Lent, session: Callable[[], boto3.Session]) -> None:
        self._lent = lent
        self._session = session
        self._own: Boto3CredentialProvider | None = None
        self._lock = threading.Lock()

    def __call__(self) -> S3Credential:
        """The credentials to sign with now.

        Raises:
            AccessError: there are none any more.
        """
        lent = self._lent
        if datetime.now(UTC) < lent.until:
            return {
                "access_key_id": lent.access_key,
                "secret_access_key": lent.secret_key,
                "token": lent.token,
                "expires_at": lent.until,
            }
        with self._lock:
            if self._own is None:
                self._own = credential_provider(self._session())
            return self._own()
