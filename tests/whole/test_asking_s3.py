"""Reports, show and SQL on a store in S3."""

from __future__ import annotations

import trailscan as ts


def test_a_store_in_s3_answers_as_one_on_disk(s3, logs, load, event, packed, tmp_path):
    """The same rows from SQL, coverage and show, read through the one door to bytes."""
    folder = logs(
        packed([event(n) for n in range(5)]), packed([event(9, errorCode="AccessDenied")])
    )
    load(folder, store="s3://store/here")
    load(folder)
    far, near = ts.open("s3://store/here"), ts.open(str(tmp_path / "store"))
    for query in (
        "select event_id, event_time, record from events where error_code is null order by 1",
        "select outcome, count(*) from changes group by 1 order by 1",
        "select kept, sha256 from log_files order by 1",
        "select count(*) from rejects",
    ):
        assert far.sql(query).rows == near.sql(query).rows
        assert far.sql(query).rows
    assert far.report("coverage").rows == near.report("coverage").rows
    shown = far.show(event(9)["eventID"]).to_json()["records"][0]
    expected = near.show(event(9)["eventID"]).to_json()["records"][0]
    for name in ("load_id", "committed_at"):
        del shown["evidence"][name], expected["evidence"][name]
    assert shown == expected
    assert shown["record"]["errorCode"] == "AccessDenied"
