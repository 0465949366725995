"""SQL over the store: the same rows as everywhere, and a query reaches nothing else."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trailscan as ts
from trailscan.errors import StoreError
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.table import as_text

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs" / "AWSLogs"
SECRET = "the secret of this machine"

ATTACKS = {
    "read_csv": "select * from read_csv('{file}')",
    "read_text": "from read_text('{file}')",
    "read_blob": "from read_blob('{file}')",
    "read_json": "from read_json('{file}')",
    "read_parquet": "from read_parquet('{file}')",
    "parquet_metadata": "from parquet_metadata('{file}')",
    "sniff_csv": "from sniff_csv('{file}')",
    "file as table": "select * from '{file}'",
    "file as quoted table": 'select * from "{file}"',
    "glob": "from glob('{folder}/*')",
    "query": "from query('from read_text(''{file}'')')",
    "query_table": "from query_table('{file}')",
    "subquery": "select (select content from read_text('{file}')) from changes",
    "in a view's filter": "from changes where description = (select content from read_text('{file}'))",
    "copy to": "copy (select 1) to '{folder}/out.csv'",
    "copy from": "copy events from '{file}'",
    "export": "export database '{folder}/out'",
    "import": "import database '{folder}'",
    "attach": "attach '{folder}/out.db'",
    "attach sqlite": "attach '{folder}/out.db' (type sqlite)",
    "install": "install httpfs",
    "install from": "install x from '{folder}'",
    "load": "load '{folder}/x.duckdb_extension'",
    "load a known one": "load httpfs",
    "http": "from read_csv('http://127.0.0.1:9/x.csv')",
    "s3": "from read_parquet('s3://bucket/x.parquet')",
    "set": "set enable_external_access = true",
    "reset": "reset lock_configuration",
    "pragma": "pragma enable_external_access = true",
    "pragma call": "pragma database_list",
    "secret": "create secret (type s3)",
    "secrets": "from duckdb_secrets()",
    "create": "create table t as select 1",
    "create a macro": "create macro m() as table from read_text('{file}')",
    "drop": "drop view changes",
    "insert": "insert into changes select * from changes",
    "update": "update events set event_id = ''",
    "delete": "delete from events",
    "explain": "explain analyze copy (select 1) to '{folder}/out.csv'",
    "two statements": "select 1; copy (select 1) to '{folder}/out.csv'",
    "call": "call pragma_version()",
    "prepare": "prepare p as select 1",
    "with a write in it": "with x as (insert into events select * from events returning 1) from x",
    "a Python variable": "select * from samples",
    "environment": "select getenv('HOME')",
    "spatial": "from st_read('{file}')",
    "excel": "from read_xlsx('{file}')",
    "parameter": "select $1",
    "nothing": "",
    "a comment": "-- nothing",
    "no SQL": "who changed what?",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_query_reaches_nothing_but_the_views(samples, tmp_path, name):
    """Reading a file, writing one, attaching, loading, setting: each ends in an error."""
    file = tmp_path / "secret.csv"
    file.write_text(SECRET)
    with pytest.raises(ValueError, match=r"^(the query cannot be run|expected )") as caught:
        samples.sql(ATTACKS[name].format(file=file, folder=tmp_path))
    assert SECRET not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]


def test_the_views_have_the_rows_of_the_store(samples):
    """Every view against what Python reads; a count, a sum and a join over them."""
    events, log_files = samples.events(), samples.log_files()
    query = "select * exclude (record) from events order by event_time, event_id"
    frame = samples.sql(query).to_frame()
    assert list(frame["event_id"]) == list(events["event_id"])
    assert list(frame["event_time"]) == list(events["event_time"])
    assert list(frame["record_index"]) == list(events["record_index"])
    ((files, records),) = samples.sql("select count(*), sum(records) from log_files").rows
    assert (files, records) == (len(log_files), log_files["records"].sum())
    assert samples.sql("select count(*) from rejects").rows == ((0,),)
    changes = samples.sql("from changes").records()
    expected = samples.report("changes").records()
    for row in expected:
        row["witness"] = as_text(row["witness"]) or None
        row["open_for"] = as_text(row["open_for"]) or None
    assert changes == expected
    assert any(row["witness"] for row in changes)
    assert any(len(row["principal_chain"]) == 2 for row in changes)
    joined = "select count(*) from changes c join events e using (event_id) join changes d using (event_id)"
    assert samples.sql(joined).rows == ((len(changes),),)


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(["event_name", "error_code", "recipient_account_id", "read_only"]), min_size=1, max_size=3, unique=True),
    st.sampled_from(
        [
            "true",
            "event_name = 'AttachPolicy'",
            "error_code is null and read_only",
            "error_code in ('AccessDenied', 'x') or event_name like 'Create%'",
            "event_time between '2026-09-20' and '2026-10-05 12:00:00+02'",
            "record_index > 3 and not conflict",
            "event_time > timestamptz '2026-10-01' and event_name >= 'M'",
            "user_identity_type is not null",
            "length(record) > 2000",
        ]
    ),
)  # fmt: skip
@pytest.mark.slow
def test_a_query_counts_what_duckdb_counts_in_the_files(samples, columns, where):
    """Columns and filters that are handed down change no answer: DuckDB alone gives the same."""
    import duckdb

    query = "select {0}, count(*) from {1} where {2} group by all order by all"
    names = ", ".join(columns)
    with duckdb.connect() as database:
        database.execute("set timezone = 'UTC'")
        files = f"read_parquet('{samples.place}/events/*/*.parquet', hive_partitioning = false)"
        expected = database.execute(query.format(names, files, where)).fetchall()
    assert [
        tuple(row) for row in samples.sql(query.format(names, "events", where)).rows
    ] == expected


def test_values_of_every_type_have_a_kind(samples):
    """Numbers, instants, flags and lists are themselves, whatever else is text; names are unique."""
    table = samples.sql(
        "select 1::hugeint a, 1.5::decimal(4,2) b, 'x' c, timestamptz '2026-01-01 01:00+01' d, "
        "[1, 2] e, {'k': date '2026-01-01'} f, date '2026-01-01' g, 'ab'::blob h, true i, "
        "interval 1 day j, time '10:00' l, 'p'::enum('p', 'q') o, 'nan'::double p, null q, "
        "1::integer as a, 170141183460469231731687303715884105727::hugeint s, []::varchar[] t"
    )
    assert [(column.name, column.kind) for column in table.columns] == [
        ("a", "count"), ("b", "number"), ("c", "text"), ("d", "instant"), ("e", "list"),
        ("f", "text"), ("g", "text"), ("h", "text"), ("i", "flag"), ("j", "text"), ("l", "text"),
        ("o", "text"), ("p", "text"), ("q", "text"), ("a_1", "count"), ("s", "text"), ("t", "list"),
    ]  # fmt: skip
    row = table.records()[0]
    assert row.pop("j").startswith("MonthDayNano")
    assert row == {
        "a": 1, "b": 1.5, "c": "x", "d": datetime(2026, 1, 1, tzinfo=UTC), "e": ("1", "2"),
        "f": '{"k":"2026-01-01"}', "g": "2026-01-01", "h": "6162", "i": True, "l": "10:00:00",
        "o": "p", "p": "nan", "q": None, "a_1": 1,
        "s": "170141183460469231731687303715884105727", "t": (),
    }  # fmt: skip
    assert table.to_arrow().num_rows == 1


def test_times_and_their_parts_are_those_of_the_zone(samples):
    """A day begins when it begins there; the instant is the same."""
    query = "select date_trunc('day', event_time) d, max(event_time) t from changes group by 1 order by 1 desc limit 1"
    paris = samples.sql(query, tz="Europe/Paris")
    zone = ZoneInfo("Europe/Paris")
    assert paris.rows == (
        (datetime(2026, 10, 30, tzinfo=zone), datetime(2026, 10, 30, 17, 45, 30, tzinfo=zone)),
    )
    assert str(paris.rows[0][0]) == "2026-10-30 00:00:00+01:00"
    with pytest.raises(ValueError, match="is not a time zone"):
        samples.sql(query, tz="Mars")


def test_an_answer_has_every_form_and_hostile_names_do_nothing(samples):
    """Names of columns are the query's, and so may be anything that a log holds."""
    from trailscan.render.formats import FORMATS
    from trailscan.render.terminal import render_terminal

    table = samples.sql('select 1 as "=1+1", 2 as "\x1b[31m<b>", 3 as "a\u202eb"')
    for name, form in FORMATS.items():
        answer = form(table)
        if name not in {"parquet", "xlsx"}:
            assert not {"\x1b", "\u202e"} & set(answer)
    assert FORMATS["csv"](table).startswith('"\'=1+1",')
    assert "<b>" not in FORMATS["html"](table).replace("&lt;b&gt;", "")
    assert "\x1b" not in render_terminal(table, width=100, color=False).text


def test_wide_answers_show_their_first_columns_and_say_so(samples):
    """All columns are there in data."""
    table = samples.sql("select * from events limit 1")
    shown = [column.name for column in table.columns if not column.detail]
    assert len(shown) == 12
    assert table.notes[:2] == ("1 row", "34 more columns in csv, json, xlsx and parquet")
    assert len(table.records()[0]) == 46


def test_a_damaged_store_is_no_error_of_the_query(tmp_path, samples):
    """What goes wrong while a view is read is told as it is everywhere."""
    place = tmp_path / "s"
    run_load([str(SAMPLES)], str(place), LoadOptions(), datetime(2026, 11, 1, tzinfo=UTC))
    damaged = next(iter(sorted((place / "events").rglob("*.parquet"))))
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with pytest.raises(StoreError, match="the store is damaged"):
        ts.open(str(place)).sql("select count(record) from events")


def test_only_the_columns_that_a_query_needs_are_read(samples, monkeypatch):
    """Neither the records nor anything else that is large is read to count names."""
    asked = []
    scan = type(samples.reader).scan

    def watched(self, table, columns=None):
        asked.append((table, columns))
        return scan(self, table, columns)

    monkeypatch.setattr(type(samples.reader), "scan", watched)
    samples.sql(
        "select event_name, count(*) from events where error_code = 'AccessDenied' group by 1"
    )
    assert asked == [("events", ["event_name", "error_code"])]
    samples.sql("select 1")
    assert len(asked) == 1


def test_events_say_who_made_them_and_with_what(samples):
    """The columns are those of the report on events, row by row, also in a filter and alone."""
    names = ("event_id", "record_index", "principal", "principal_kind", "client")
    expected = [tuple(row[name] for name in names) for row in samples.report("events").records()]
    query = "select event_id, record_index, principal, principal_kind, client from events"
    assert sorted(samples.sql(query).rows, key=str) == sorted(expected, key=str)
    assert len(expected) == 467
    kinds = [row[3] for row in expected]
    query = "select count(*) from events where principal_kind = 'root_user' and client <> ''"
    assert samples.sql(query).rows == ((kinds.count("root_user"),),)
    assert kinds.count("root_user") > 0
    assert samples.sql("select distinct client from events where client = 'cli'").rows == (
        ("cli",),
    )


def test_who_made_an_event_is_found_out_only_if_a_query_asks(samples, monkeypatch):
    """Names that only contain the column's, and values, do not ask."""
    from trailscan.reports import sql

    asked = []
    monkeypatch.setattr(sql, "iterate_events", lambda *_: asked.append(1) or iter(()))
    samples.sql("select count(*), min(record) from events where user_identity_principal_id <> 'x'")
    assert asked == []
    samples.sql("select principal from events where false")
    samples.sql("describe events")
    assert asked == []


def test_no_progress_is_printed(samples):
    """Standard output holds the answer alone, also of a query that takes long."""
    [(shown,)] = samples.sql("select current_setting('enable_progress_bar')").rows
    assert shown is False
    [(shown,)] = (
        samples.sql("from events limit 1")
        .relation()
        .query("t", "select current_setting('enable_progress_bar')")
        .fetchall()
    )
    assert shown is False


@pytest.mark.slow
def test_a_process_that_queried_ends_well(samples):
    """No thread of a library is left that reads on."""
    script = (
        "import sys, trailscan as ts\n"
        "store = ts.open(sys.argv[1])\n"
        "print(store.sql('select event_id from events limit 1').rows != ())\n"
        "print(len(store.sql('from events').rows))\n"
    )
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", script, samples.place],
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"True\n467\n", b"")


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("select date '290000-01-01' as d", "290000-01-01"),
        ("select date '5000-01-01 (BC)' as d", "5000-01-01 (BC)"),
        ("select [date '290000-01-01'] as d", "[290000-01-01]"),
        ("select timestamptz '290000-01-01 00:00:00+00' as d", "290000-01-01 00:00:00+00"),
    ],
)
def test_a_time_beyond_the_calendar_is_text_as_duckdb_writes_it(samples, query, value):
    """Python's calendar has the years 1 to 9999, DuckDB's many more."""
    assert samples.sql(query).rows == ((value,),)


def test_every_type_of_duckdb_has_a_value(samples):
    """Also those whose least and greatest values no other calendar or number has."""
    assert len(samples.sql("select * from test_all_types()").rows) == 3


def test_instants_at_the_end_of_the_calendar_are_told_in_every_zone(samples):
    """One that lies beyond the calendar of a zone is told in UTC."""
    query = (
        "select unnest([timestamptz '9999-12-31 23:59:59+00', timestamptz '0001-01-01 00:00+00'])"
    )
    for zone in ("Asia/Tokyo", "America/Los_Angeles"):
        column = samples.sql(query, tz=zone)
        assert {row[0].year for row in column.rows} == {1, 9999}


@pytest.mark.parametrize(
    "name", ["principals", "targets", "denied", "policies", "accounts", "findings", "cis"]
)
def test_every_report_is_a_view(samples, name):
    """A view has the rows of the report."""
    ((number,),) = samples.sql(f"select count(*) from {name}").rows  # noqa: S608  # a name of ours
    assert number == len(samples.report(name).rows)


def test_an_error_of_a_query_is_one_line(samples):
    """Also where DuckDB shows the query, or lists candidates."""
    with pytest.raises(ValueError, match="cannot be run") as raised:
        samples.sql("select\nnothing from changes")
    assert "\n" not in str(raised.value)
