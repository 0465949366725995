"""Log files made for tests, as CloudTrail delivers them."""

from __future__ import annotations

import gzip
import json
from typing import Any

KEY = (
    "AWSLogs/o-exampleorg1/{account}/CloudTrail/{region}/2026/{month}/{day}/"
    "{account}_CloudTrail_{region}_2026{month}{day}T{time}Z_{number:016d}.json.gz"
)


def log_file_key(
    number: int,
    account: str = "111122223333",
    region: str = "us-east-1",
    day: str = "22",
    month: str = "11",
    time: str = "1205",
) -> str:
    """The key under which CloudTrail delivers a log file of an organization trail."""
    return KEY.format(
        account=account, region=region, day=day, month=month, time=time, number=number
    )


def make_event(number: int, **changed: Any) -> dict[str, Any]:
    """A record of an account moved."""
    record = {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "userName": "alice"},
        "eventTime": f"2026-11-22T12:{number // 60 % 60:02d}:{number % 60:02d}Z",
        "eventSource": "organizations.amazonaws.com",
        "eventName": "MoveAccount",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "aws-cli/2.30",
        "requestParameters": {
            "accountId": "222233334444",
            "sourceParentId": "ou-exam-11111111",
            "destinationParentId": "ou-exam-22222222",
        },
        "responseElements": None,
        "eventID": f"00000000-0000-4000-8000-{number:012d}",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333",
    }
    return {**record, **changed}


def pack(records: list[Any]) -> bytes:
    """A log file as CloudTrail delivers it."""
    body = json.dumps({"Records": records}, separators=(",", ":")).encode()
    return gzip.compress(body, mtime=0)
