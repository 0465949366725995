"""Arrow tables as frames of pandas and Polars: UTC timestamps, categories, nullable types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.errors import TrailscanError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    import polars as pl
    import pyarrow as pa

ORDERED = {"severity": ("info", "low", "medium", "high", "critical")}
"""The columns whose values have an order, and the values from least to most."""

CATEGORIES = frozenset(
    {
        *ORDERED,
        *("access_change", "attestation", "category", "client", "event_name"),
        *("event_source", "event_version", "event_type", "event_category", "aws_region"),
        *("recipient_account_id", "error_code", "kind", "outcome", "policy_type", "principal"),
        *("principal_kind", "principal_rule", "principal_trace", "rule", "status", "step"),
        *("target_type", "user_identity_type", "verdict"),
    }
)
"""The columns with few different values: in a frame of pandas they are categories."""


def with_categories(table: pa.Table) -> pa.Table:
    """The same table with the text columns of `CATEGORIES` dictionary-encoded."""
    import pyarrow as pa  # noqa: PLC0415  # heavy, and not every form needs it

    for place, field in enumerate(table.schema):
        if field.name in CATEGORIES and pa.types.is_string(field.type):
            encoded = table.column(place).dictionary_encode()
            table = table.set_column(place, field.name, encoded)
    return table


def together(schema: pa.Schema, names: Iterable[str], tables: Iterable[pa.Table]) -> pa.Table:
    """Tables one after another as one, with categories; each is encoded before the next is made.

    Args:
        schema: has the types of the columns.
        names: of the columns that the tables have.
        tables: taken one by one.
    """
    import pyarrow as pa  # noqa: PLC0415  # heavy, and not every form needs it

    none = pa.schema([schema.field(name) for name in names]).empty_table()
    parts = [with_categories(none), *map(with_categories, tables)]
    return pa.concat_tables(parts).unify_dictionaries()


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """A frame with UTC timestamps, categories, and nullable texts, numbers and flags.

    A missing text is `pd.NA`, never NaN. The columns of `ORDERED` are ordered categories, so that
    `frame[frame.severity >= "high"]` has the critical rows too.
    """
    import pandas as pd  # noqa: PLC0415  # heavy
    import pyarrow as pa  # noqa: PLC0415  # heavy

    types = {
        pa.string(): pd.StringDtype("pyarrow"),
        pa.bool_(): pd.BooleanDtype(),
        pa.int16(): pd.Int16Dtype(),
        pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(),
        pa.float64(): pd.Float64Dtype(),
    }
    frame: pd.DataFrame = with_categories(table).to_pandas(types_mapper=types.get)
    for name, values in ORDERED.items():
        if name in frame and isinstance(frame[name].dtype, pd.CategoricalDtype):
            unknown = sorted(set(frame[name].cat.categories) - set(values))
            ordered = pd.CategoricalDtype([*unknown, *values], ordered=True)
            frame[name] = frame[name].astype(ordered)
    return frame


def to_polars(table: pa.Table) -> pl.DataFrame:
    """The same rows as a frame of Polars.

    Raises:
        TrailscanError: Polars is not installed.
    """
    try:
        import polars as pl  # noqa: PLC0415  # not installed with trailscan
    except ModuleNotFoundError:
        raise TrailscanError(
            "Polars is not installed", "install it with `pip install 'trailscan[notebook]'`"
        ) from None
    frame = pl.from_arrow(with_categories(table))
    assert isinstance(frame, pl.DataFrame)  # noqa: S101  # a table gives no series
    return frame
