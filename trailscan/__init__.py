"""Who changed what, and when, in an AWS Organization.

    import trailscan as ts

    ts.load("s3://my-trail-bucket", "trailscan-store", since="7d")
    store = ts.open("trailscan-store")
    store.changes(since="30d")

Everything here is imported when it is first used: the command line starts without pandas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trailscan import plot
    from trailscan.api import Store, demo, load, open  # noqa: A004  # the contract's name
    from trailscan.aws.session import AwsOptions
    from trailscan.errors import TrailscanError
    from trailscan.render.summary_text import summary_text

__version__ = "0.1.0"
__all__ = [
    "AwsOptions",
    "Store",
    "TrailscanError",
    "__version__",
    "demo",
    "load",
    "open",
    "plot",
    "summary_text",
]

_HOME = {
    "Store": "trailscan.api",
    "demo": "trailscan.api",
    "load": "trailscan.api",
    "open": "trailscan.api",
    "AwsOptions": "trailscan.aws.session",
    "TrailscanError": "trailscan.errors",
    "summary_text": "trailscan.render.summary_text",
}


def __getattr__(name: str) -> Any:
    """A public name, from its module."""
    from importlib import import_module  # noqa: PLC0415  # start-up

    if name == "plot":
        return import_module("trailscan.plot")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'trailscan' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Every public name, imported or not: what completion offers."""
    return list(__all__)
