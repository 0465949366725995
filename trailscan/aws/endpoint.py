"""The endpoint at which a bucket answers."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

_AWS_HOSTS = (
    *(".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".c2s.ic.gov", ".sc2s.sgov.gov"),
    *(".cloud.adc-e.uk", ".csp.hci.ic.gov"),
)
"""The domains of AWS's partitions (botocore's partitions.json, `dnsSuffix`)."""


class Endpoint(NamedTuple):
    """The endpoint at which a bucket answered.

    Attributes:
        url: of the bucket itself if it is `virtual_hosted`, else of the path above it.
        virtual_hosted: the bucket is named by the host, not by the path.
    """

    url: str
    virtual_hosted: bool

    @property
    def host(self) -> str:
        """The name or address of the server, without its port."""
        return urlsplit(self.url).hostname or ""

    @property
    def is_aws(self) -> bool:
        """Whether it is one of AWS's own, over TLS."""
        return self.url.startswith("https://") and self.host.endswith(_AWS_HOSTS)

    @property
    def has_proxy(self) -> bool:
        """Whether the user's settings send requests to it through a proxy."""
        from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415  # slow to import

        scheme = urlsplit(self.url).scheme
        return scheme in getproxies() and not proxy_bypass(self.host)
