"""The examples in the help of each command, by the words that lead to it."""

from __future__ import annotations

from types import MappingProxyType

_OF_REPORTS = (
    "trailscan report findings --severity critical --severity high",
    "trailscan report changes --since 7d --category policy",
    "trailscan report principals --output who.html",
)

EXAMPLES = MappingProxyType(
    {
        "": (
            "trailscan demo",
            "trailscan load s3://my-trail-bucket --since 30d",
            "trailscan report findings --since 7d",
            "trailscan show 5b4220",
        ),
        "report": _OF_REPORTS,
        "report changes": (
            "trailscan report changes --since 7d --action '*Policy'",
            "trailscan report changes --principal alice --outcome denied",
            "trailscan report changes --target p-exampleid1 --layout record",
            "trailscan report changes --around 5b4220 --within 1h",
            "trailscan report changes --since 2026-10-17 --output night.html",
        ),
        "report events": (
            "trailscan report events --around 5b4220 --within 1h",
            "trailscan report events --since 1d --event-source iam",
        ),
        "report principals": (
            "trailscan report principals --since 30d",
            "trailscan report principals --sort denied:desc --limit 10",
        ),
        "report targets": (
            "trailscan report targets --category policy",
            "trailscan report targets --principal alice --format csv",
        ),
        "report denied": (
            "trailscan report denied --since 7d",
            "trailscan report denied --columns event_time,principal,reason",
        ),
        "report policies": (
            "trailscan report policies --target p-exampleid1",
            "trailscan report policies --since 90d --layout record",
        ),
        "report accounts": (
            "trailscan report accounts --names accounts.json",
            "trailscan report accounts --action CloseAccount",
        ),
        "report findings": (
            "trailscan report findings --severity critical --severity high",
            "trailscan report findings --arrived-since last-load --fail-on high",
            "trailscan report findings --rule guardrail-detached --layout record",
            "trailscan report findings --since 1d --ignore ignore.toml --fail-on high",
        ),
        "report summary": (
            "trailscan report summary --since 1d",
            "trailscan report summary --since 1d --format slack --output night.json",
        ),
        "report coverage": (
            "trailscan report coverage --since 30d",
            "trailscan report coverage --account 111122223333",
        ),
        "report cis": (
            "trailscan report cis --since 90d",
            "trailscan report cis --output cis.xlsx",
        ),
        "load": (
            "trailscan load s3://my-trail-bucket --since 30d",
            "trailscan load s3://my-trail-bucket --dry-run",
            "trailscan load AWSLogs/ --store s3://my-bucket/trailscan",
            "trailscan load s3://my-trail-bucket --validate --max-age 26h --each-account",
            "trailscan load event-history",
            "trailscan load s3://my-trail-bucket --since 90d --inventory manifest.json",
        ),
        "validate": (
            "trailscan validate s3://my-trail-bucket --since 30d",
            "trailscan validate AWSLogs/ --offline --public-keys keys.json",
        ),
        "show": (
            "trailscan show 5b4220",
            "trailscan show 5b4220 --around 2h --tz Europe/Paris",
            "trailscan show 5b4220 --output event.html",
        ),
        "sql": (
            'trailscan sql "select principal, count(*) from changes group by all"',
            'trailscan sql "from log_files limit 5" --layout record',
            "trailscan sql --ddl athena --store s3://my-bucket/trailscan",
        ),
        "export": (
            "trailscan export --for yesterday --to evidence/",
            "trailscan export --for 2026-11-22 --to evidence/",
        ),
        "status": (
            "trailscan status",
            "trailscan status --max-age 26h",
            "trailscan status --head",
            "trailscan status --format openmetrics",
        ),
        "rejects": (
            "trailscan rejects",
            "trailscan rejects --columns id,reason,message",
        ),
        "rejects accept": ("trailscan rejects accept 1a2b3c --because 'truncated upload'",),
        "rejects reopen": ("trailscan rejects reopen 1a2b3c --because 'delivered again'",),
        "store": ("trailscan store check", "trailscan store compact"),
        "store compact": (
            "trailscan store compact --dry-run",
            "trailscan store compact --store s3://my-bucket/trailscan",
        ),
        "store prune": (
            "trailscan store prune --before 2020-01-01 --because 'six years' --dry-run",
            "trailscan store prune --before 2020-01-01 --because 'six years'",
        ),
        "store check": (
            "trailscan store check",
            "trailscan store check --store s3://my-bucket/trailscan",
        ),
        "export verify": (
            "trailscan export verify evidence",
            "trailscan export verify evidence --key signer.pub --checkpoint kept/checkpoint",
        ),
        "export keygen": ("trailscan export keygen signer.key",),
        "demo": ("trailscan demo", "trailscan demo --keep trailscan-store"),
        "doctor": (
            "trailscan doctor s3://my-trail-bucket",
            "trailscan doctor s3://my-trail-bucket --policy",
            "trailscan doctor s3://my-trail-bucket --to s3://evidence-bucket/nights",
        ),
    }
)


def examples(command: str) -> str:
    """The end of the help of a command: its examples, each in a paragraph."""
    return "\n\n".join(["Examples:", *EXAMPLES.get(command, ())])
