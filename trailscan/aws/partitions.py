"""The partitions of AWS, as botocore knows them."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import msgspec


class _Outputs(msgspec.Struct):
    region: str | None = msgspec.field(name="implicitGlobalRegion", default=None)


class _Partition(msgspec.Struct):
    id: str
    outputs: _Outputs


class _Partitions(msgspec.Struct):
    partitions: list[_Partition]


@lru_cache(maxsize=1)
def global_regions() -> dict[str, str]:
    """Partition -> the region in which its global services, as Organizations, write their events.

    Each version of botocore brings the partitions that exist when it is released.
    """
    raw = files("botocore").joinpath("data", "partitions.json").read_bytes()
    found = msgspec.json.decode(raw, type=_Partitions).partitions
    return {one.id: one.outputs.region for one in found if one.outputs.region}
