"""Event history: CloudTrail's LookupEvents, called no faster than it allows.

It holds the management events of the last 90 days of the signed-in account, a region at a time, and
answers 50 events a page and two requests a second (docs.aws.amazon.com/awscloudtrail/latest/
APIReference/API_LookupEvents.html).
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from trailscan.aws.calls import call, find_caller, service_client
from trailscan.aws.session import open_session
from trailscan.errors import TrailscanError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trailscan.aws.session import AwsOptions

REACH = timedelta(days=90)
_INTERVAL = 0.5  # seconds: two requests a second, an account and region
_SLACK = timedelta(minutes=5)  # a start of 90 days ago must be in reach when the request arrives
_PAGE = 50

LookedUp = dict[str, Any]
"""One event of an answer, in the service's own words; `CloudTrailEvent` holds the record."""


class Pace:
    """Lets one request pass at a time, an interval after the last one; botocore calls `wait`."""

    def __init__(
        self,
        interval: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval = interval
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self, **_: object) -> None:
        """Return when the next request may be sent, including a retry."""
        with self._lock:
            if (early := self._next - self._clock()) > 0:
                self._sleep(early)
            self._next = self._clock() + self._interval


class EventHistory:
    """The Event history of the signed-in account.

    Args:
        options: how to reach AWS.
        now: the present, in case AWS does not send the time.
        pace: creates the pace of requests, one for each region.

    Attributes:
        caller: who is signed in.
        now: the present, by AWS's clock; UTC.
        oldest: how far back it reaches.

    Raises:
        AccessError: there are no valid credentials.
        TrailscanError: AWS gives no answer.
    """

    def __init__(
        self,
        options: AwsOptions,
        now: datetime,
        pace: Callable[[], Pace] = lambda: Pace(_INTERVAL),
    ) -> None:
        self._session = open_session(options)
        self.caller = find_caller(self._session)
        self.now = (self.caller.now or now).astimezone(UTC).replace(microsecond=0)
        self.oldest = self.now - REACH + _SLACK
        self._pace = pace
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def regions(self) -> set[str]:
        """The regions of the account's partition that have CloudTrail, by botocore's table."""
        partition = self.caller.partition
        return set(self._session.get_available_regions("cloudtrail", partition_name=partition))

    def lookup(
        self, region: str, event_source: str | None, start: datetime, end: datetime
    ) -> list[LookedUp]:
        """The events of a region between two instants, both included, the latest first.

        Args:
            region: the region that recorded them.
            event_source: the service; None for all.
            start: the first instant.
            end: the last instant.

        Raises:
            AccessError: looking up is not allowed.
            TrailscanError: an answer is missing; no events are returned then.
        """
        return [event for page in self._pages(region, event_source, start, end) for event in page]

    def _pages(
        self, region: str, event_source: str | None, start: datetime, end: datetime
    ) -> Iterator[list[LookedUp]]:
        """The pages of one look-up."""
        client, where = self._client(region), f"Event history of {region}"
        request: dict[str, Any] = {"StartTime": start, "EndTime": end, "MaxResults": _PAGE}
        if event_source is not None:
            one = {"AttributeKey": "EventSource", "AttributeValue": event_source}
            request["LookupAttributes"] = [one]
        while True:
            page = call(client, "lookup_events", where, **request)
            if "Events" not in page:
                raise TrailscanError(
                    f"{where}: not a response of CloudTrail (is a proxy altering responses?)"
                )
            yield page["Events"]
            token = page.get("NextToken")
            if token is None:
                return
            if token == request.get("NextToken"):
                raise TrailscanError(f"{where}: the response repeats the same page")
            request["NextToken"] = token

    def _client(self, region: str) -> Any:
        """CloudTrail in a region, at its pace."""
        with self._lock:
            if region not in self._clients:
                client = service_client(self._session, "cloudtrail", region)
                client.meta.events.register(
                    "before-send.cloudtrail.LookupEvents", self._pace().wait
                )
                self._clients[region] = client
            return self._clients[region]
