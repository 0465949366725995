"""Data files of an inventory as Arrow tables, a bounded number of rows at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.orc as pa_orc
import pyarrow.parquet as pq

from trailscan.errors import TrailscanError
from trailscan.inventory.columns import column_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOCK = 4 * 1024 * 1024
_ROWS = 65_536
_RATIO, _LEAST_BYTES = 200, 256 * 1024 * 1024
"""A data file inflates at most 200-fold, or to 256 MB: keys and ETags do not compress like that."""
_LARGEST_PART = 1024 * 1024 * 1024
"""The largest row group of Parquet, and the largest stripe of ORC, that is read."""
_ROW_BYTES = 60
"""The least that a row of an inventory has: a bucket, a key of CloudTrail."""


def read_tables(path: Path, form: str, columns: tuple[str, ...], where: str) -> Iterator[pa.Table]:
    """The rows of a data file, with the columns that a listing needs under their own names.

    Args:
        path: of the data file.
        form: `CSV`, `Parquet` or `ORC`.
        columns: of CSV, in order.
        where: the data file, for errors.

    Raises:
        TrailscanError: it is not of its format, or inflates beyond reason.
    """
    most = max(_LEAST_BYTES, _RATIO * path.stat().st_size)
    inflated = 0
    try:
        for table in _READERS[form](path, columns, most):
            inflated += table.nbytes
            if inflated > most:
                raise _too_large(most)
            yield table
    except (pa.ArrowException, OSError, ValueError, EOFError, OverflowError) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise TrailscanError(
            f"{where} cannot be read as {form}: {first}", "copy or request the inventory again"
        ) from None


def _too_large(most: int) -> ValueError:
    return ValueError(f"it inflates to more than {most:,} bytes")


def _read_csv(path: Path, columns: tuple[str, ...], _: int) -> Iterator[pa.Table]:
    """CSV, compressed by gzip, without a line of names; texts are not checked to be UTF-8 here."""
    names = _named(columns)
    unique = [f"{number}" for number in range(len(columns))]
    wanted = {unique[at]: name for at, name in names.items()}
    with pa.input_stream(str(path), compression="gzip") as stream:
        try:
            reader = pa_csv.open_csv(
                stream,
                read_options=pa_csv.ReadOptions(
                    column_names=unique,
                    block_size=_BLOCK,
                    use_threads=False,  # they read ahead of the sorting, without a limit
                ),
                parse_options=pa_csv.ParseOptions(newlines_in_values=True),
                convert_options=pa_csv.ConvertOptions(
                    include_columns=list(wanted),
                    column_types=dict.fromkeys(unique, pa.binary()),
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid as error:
            if "Empty CSV" in str(error):
                return
            raise
        for batch in reader:
            yield pa.Table.from_batches([batch]).rename_columns(list(wanted.values()))


def _read_parquet(path: Path, _: tuple[str, ...], most: int) -> Iterator[pa.Table]:
    """Parquet, row group by row group."""
    with pq.ParquetFile(path) as file:
        found = file.metadata
        groups = range(found.num_row_groups)
        largest = max((found.row_group(at).total_byte_size for at in groups), default=0)
        if largest > _LARGEST_PART:
            raise _too_large(_LARGEST_PART)
        if found.num_rows * _ROW_BYTES > most:
            raise _too_large(most)
        names = _named(tuple(file.schema_arrow.names))
        own = [file.schema_arrow.names[at] for at in names]
        for batch in file.iter_batches(_ROWS, columns=own):
            yield pa.Table.from_batches([batch]).select(own).rename_columns(list(names.values()))


def _read_orc(path: Path, _: tuple[str, ...], most: int) -> Iterator[pa.Table]:
    """ORC, stripe by stripe."""
    file = pa_orc.ORCFile(str(path))
    if file.nrows * _ROW_BYTES > most:
        raise _too_large(most)
    if file.nrows * _ROW_BYTES > _LARGEST_PART * max(1, file.nstripes):
        raise _too_large(_LARGEST_PART)
    names = _named(tuple(file.schema.names))
    own = [file.schema.names[at] for at in names]
    for stripe in range(file.nstripes):
        batch = file.read_stripe(stripe, columns=own)
        yield pa.Table.from_batches([batch]).select(own).rename_columns(list(names.values()))


_READERS = {"CSV": _read_csv, "Parquet": _read_parquet, "ORC": _read_orc}


def _named(columns: tuple[str, ...]) -> dict[int, str]:
    """The positions of the columns that a listing needs, with their names.

    Raises:
        ValueError: bucket or key is missing, or a column is there twice.
    """
    found = {at: named for at, name in enumerate(columns) if (named := column_of(name))}
    if len(set(found.values())) < len(found):
        raise ValueError("it has a column twice")
    if not {"bucket", "key"} <= set(found.values()):
        raise ValueError("it has no columns Bucket and Key")
    return found
