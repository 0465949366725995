"""A bucket in obstore, through which bytes travel."""

from __future__ import annotations

import os
import threading
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from trailscan.aws.lent import Borrower
from trailscan.aws.session import credential_provider

if TYPE_CHECKING:
    from collections.abc import Callable

    from obstore.store import S3Store

    from trailscan.aws.s3 import S3Access
    from trailscan.buckets.reopening import Reopening

_THREADS = "TOKIO_WORKER_THREADS"
"""The environment variable with the number of obstore's threads."""

_NOWHERE = "http://127.0.0.1:1"
"""The proxy for every host but the bucket's own: nobody listens there, so that no redirect of the
server leads obstore to another host."""


class Stores:
    """A bucket in obstore: without retries for the first attempt of each read, and with.

    The one with retries is opened when it is needed: a load from a server that answers needs none.

    Args:
        open_store: opens the bucket with some retries, which takes 4 ms.
        retry: the retries.
    """

    def __init__(self, open_store: Callable[[Any], S3Store], retry: Any) -> None:
        self.first = open_store({**retry, "max_retries": 0})
        self._open = partial(open_store, retry)
        self._opened: S3Store | None = None
        self._lock = threading.Lock()

    @property
    def patient(self) -> S3Store:
        """The bucket with retries."""
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            return self._opened


def open_stores(access: S3Access, made_of: Reopening) -> Stores:
    """A bucket in obstore, as it was found through boto3.

    Args:
        access: the bucket in boto3.
        made_of: its region, settings and retries.
    """
    from obstore.store import S3Store  # noqa: PLC0415  # start-up

    _start_obstore()
    options = made_of.options
    client: Any = {**made_of.client, "allow_http": access.endpoint.url.startswith("http://")}
    if not access.endpoint.has_proxy:
        client["proxy_url"], client["proxy_excludes"] = _NOWHERE, access.endpoint.host
    if access.certificates is not None:
        client["root_certificate"] = access.certificates
    owner = options.owner_of(access.bucket)
    if owner is not None:
        client["default_headers"] = {"x-amz-expected-bucket-owner": owner}
    signing: Any = {"skip_signature": options.no_sign_request}
    if not options.no_sign_request:
        signing["credential_provider"] = (
            credential_provider(access.session)
            if made_of.lent is None
            else Borrower(made_of.lent, lambda: access.session)
        )

    def store(retry: Any) -> S3Store:
        return S3Store(  # obstore takes anything missing here from environment variables of its own
            access.bucket,
            region=made_of.region,
            aws_endpoint_url_s3=access.endpoint.url,
            virtual_hosted_style_request=access.endpoint.virtual_hosted,
            request_payer=options.request_payer is not None,
            conditional_put="etag",
            disable_bulk_delete=True,  # one DELETE, so that a refusal is an error
            client_options=client,
            retry_config=retry,
            **signing,
        )

    return Stores(store, made_of.retry)


@cache
def _start_obstore() -> None:
    """Let obstore start its threads, which it does with its first call: one of them.

    It starts one for each processor otherwise, and they wake each other for what one of them does
    at the side.
    """
    import obstore  # noqa: PLC0415  # start-up
    from obstore.store import MemoryStore  # noqa: PLC0415  # start-up

    asked = os.environ.get(_THREADS)
    os.environ.setdefault(_THREADS, "1")
    obstore.put(MemoryStore(), "started", b"")
    if asked is None:
        del os.environ[_THREADS]
