"""The cells of the notebooks, which `write.py` runs; the first line of a cell says its kind."""

OPEN = """%% code
import trailscan as ts

store = ts.demo()  # your own: ts.open("trailscan-store") or ts.open("s3://bucket/prefix")
store"""

NOTEBOOKS = {
    "first_look": (
        "%% md\n# Who changed what in the organization, and when?\n\n"
        "The sample logs of an invented organization, which come with trailscan.",
        OPEN,
        "%% md\n## Activity\n\nDrag over the time to choose a span; click a name or an outcome.",
        "%% code\nts.plot.activity(store)",
        "%% md\n## Changes\n\nOne row a change; times are UTC. `principal_certain` is false where "
        "the name is a convention, such as the session name of a role.",
        '%% code\nchanges = store.changes()\nshown = ["event_time", "principal", "description", '
        '"outcome", "severity"]\nchanges[changes.severity >= "high"][shown].tail(8)',
        '%% code\nchanges.groupby(["category", "outcome"], observed=True).size()'
        ".unstack(fill_value=0)",
        "%% md\n## What was not seen\n\nRejects: log files and records that could not be read.",
        "%% code\nstore.rejects()",
    ),
    "incident": (
        "%% md\n# Who weakened a guardrail, through which sessions, and is it back?\n\n"
        "An alarm names a policy that now permits more than before.",
        OPEN,
        '%% code\nchanges = store.changes(outcome="succeeded")\n'
        'weaker = changes[changes.access_change.isin(["more", "both"])]\n'
        'weaker[["event_time", "principal", "description", "access_in_words", "event_id"]]',
        "%% md\n## The change itself\n\nWhat it was before and after, the sessions behind it, "
        "and the record.",
        "%% code\nchained = weaker[weaker.principal_chain.str.len() > 0]\n"
        "event_id = chained.event_id.iloc[-1]\nstore.show(event_id)",
        "%% code\nts.plot.sessions(store, event_id)",
        "%% md\n## What else did they do?\n\nEverything by the same principal in the day around it.",
        "%% code\nimport pandas as pd\n\none = changes[changes.event_id == event_id].iloc[0]\n"
        'day = pd.Timedelta("1D")\n'
        "around = store.changes(since=one.event_time - day, until=one.event_time + day)\n"
        'around[around.principal == one.principal][["event_time", "description", "outcome"]]',
        "%% md\n## Is it back?\n\nRed steps permit more, blue ones less. The last step decides.",
        "%% code\nts.plot.policies(store)",
        "%% code\nstore.policy(one.target).diff()",
    ),
    "access_review": (
        "%% md\n# Who administered the organization this quarter, and should they?\n\n"
        "A quarterly access review: every principal, what they did, and when.",
        OPEN,
        '%% code\nquarter = {"since": "2026-08-01", "until": "2026-11-01"}\n'
        "principals = store.principals(**quarter)\nprincipals.iloc[:, :8]",
        "%% code\nts.plot.who_by_what(store, **quarter)",
        "%% md\n## Outside of working hours\n\nHover a cell for its count.",
        "%% code\nts.plot.hours(store, **quarter)",
        "%% md\n## Denied calls\n\nWho tried what they may not do.",
        '%% code\nstore.report("denied", **quarter)',
        "%% md\n## Accounts that came and went",
        "%% code\nts.plot.accounts(store, **quarter)",
    ),
    "policy_drift": (
        "%% md\n# How did the guardrails drift, and what do accounts gain by it?\n\n"
        "Each policy over time; the colour says what accounts may do afterwards.",
        OPEN,
        "%% code\nts.plot.policies(store)",
        "%% md\n## Steps that permit more",
        '%% code\nsteps = store.policies()\nmore = steps[steps.access_change == "more"]\n'
        'more[["event_time", "policy_name", "step", "access_in_words", "principal"]]',
        "%% md\n## A policy from version to version",
        '%% code\nchanged = more[more.step == "text changed"].iloc[0]\n'
        "policy = store.policy(changed.policy_id)\npolicy",
        "%% md\nThe step that permits more, as a difference of the texts:",
        "%% code\npolicy.diff(until=changed.event_time)",
    ),
    "loading": (
        "%% md\n# How do my own logs get into a store?\n\nFrom the bucket of a trail, and from "
        "Event history where there is no trail. The cells run on the sample logs; the bucket "
        "and Event history are the same call with another source:\n\n"
        '```python\nts.load("s3://my-trail-bucket", "trailscan-store", since="30d")\n'
        'ts.load("event-history", "trailscan-store")  # 90 days of the signed-in account\n```\n\n'
        "`trailscan doctor s3://my-trail-bucket --policy` prints the least IAM policy that this "
        "needs.",
        "%% code\nimport tempfile\n\nimport trailscan as ts\nfrom trailscan.ingest.bundled import "
        "sample_logs\n\nplace = tempfile.mkdtemp()\n"
        "summary = ts.load(sample_logs(), place, progress=False)\nsummary.complete, summary.kept",
        "%% md\n## Again\n\nA second load reads only what is new: nothing here.",
        "%% code\nts.load(sample_logs(), place, progress=False).kept",
        "%% md\n## Is it complete?\n\nWhat was asked for, and what of it was read.",
        "%% code\nts.open(place).coverage().iloc[:5, :6]",
    ),
    "other_tools": (
        "%% md\n# How do I ask the same store in DuckDB, Polars and Spark?\n\n"
        "Each result is a report: a frame of pandas or Polars, an Arrow table, a relation.",
        OPEN,
        '%% code\nresult = store.sql("SELECT principal, outcome, severity FROM changes")\n'
        'result.relation().filter("outcome = \'denied\'").aggregate("principal, count(*) AS denied")'
        '.order("denied DESC")',
        "%% md\n## Polars",
        '%% code\nimport polars as pl\n\nframe = store.report("changes").to_polars()\n'
        'frame.group_by("outcome").agg(pl.len().alias("changes")).sort("outcome")',
        "%% md\n## Spark\n\nThe extra `spark` and a Java runtime are needed. `trailscan sql --ddl spark` prints "
        "the tables of the store for a cluster; a report saved as Parquet is the easiest way:\n\n"
        '```python\nstore.report("changes").save("changes.parquet")\n'
        'spark.read.parquet("changes.parquet").groupBy("outcome").count().show()\n```',
    ),
}
