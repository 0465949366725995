"""The filter that all reports on changes share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache, reduce
from operator import attrgetter
from typing import TYPE_CHECKING, get_args

import pyarrow.compute as pc
from msgspec.structs import replace

from trailscan.events.schema import instant
from trailscan.organizations.catalogue import catalogue
from trailscan.organizations.outcome import Outcome
from trailscan.organizations.severity import SEVERITIES
from trailscan.window import Window, format_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pyarrow as pa

    from trailscan.organizations.changes import Change
    from trailscan.organizations.resources import Resource
    from trailscan.reports.ignore import IgnoreList
    from trailscan.reports.vicinity import Around, Vicinity

    _Test = Callable[[str, Change], bool]

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""Every outcome of a call."""

_NOT = "!"
"""What a text begins with that excludes what it matches."""

_AWS = ".amazonaws.com"
_ACCOUNT = re.compile(r"\d{12}")
_NUMBERS = re.compile(r"[\d.]+")
_FEW = 12  # names that an error message can list


@dataclass(frozen=True)
class ChangeFilter:
    """Selects changes: all fields must match; several values of one field are alternatives.

    Texts match without regard to case: `action` as a pattern (`*Policy`), `outcome`, `category`,
    `severity`, `account` and `rule` as a whole, all others as a part, or as a pattern of the whole
    if they have a `*`. A text that begins with `!` excludes what the rest of it matches.

    Attributes:
        window: of event time.
        account: the account that recorded the event or made the call.
        target: of any resource that the change is about, its id or name.
        contains: words in any order, each a part of the description, an id, a name, the address,
            the error or the user agent.
        reads: include calls that change nothing.
        rule: for findings only, the id of their rule; `make_filter` checks it.
        ignore: for findings only, those to leave out.
        arrived_since: only what the store kept then or later; `last-load` stands for the beginning
            of the last load until a report is built.
        tz: the zone in which times are shown; the bounds of the window stay as they are.
        event_source: for events only, the service that recorded them: `iam.amazonaws.com` or `iam`.
        around: near an event, by the same principal, with the same key or from the same address;
            `Report.build` finds them in the store.

    Raises:
        ValueError: nothing can have such a value.
    """

    window: Window = Window()  # noqa: RUF009  # frozen: sharing it is harmless
    principal: tuple[str, ...] = ()
    action: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    outcome: tuple[str, ...] = ()
    source_ip: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    reads: bool = False
    rule: tuple[str, ...] = ()
    arrived_since: datetime | str | None = None
    tz: tzinfo = UTC
    ignore: IgnoreList | None = None
    event_source: tuple[str, ...] = ()
    around: Around | None = None
    vicinity: Vicinity | None = None

    def __post_init__(self) -> None:
        for name, known in _KNOWN.items():
            check_known(name, getattr(self, name), known())
        for text in self.account:
            if not _ACCOUNT.fullmatch(_plain(text)):
                raise ValueError(f"{_plain(text)!r} is not a 12-digit account ID")
        for text in self.source_ip:
            if not _can_be_of_address(_plain(text)):
                raise ValueError(f"{_plain(text)!r} is no part of an IP address")
        for name in _TESTS:
            if _NOT in getattr(self, name):
                raise ValueError(f"'!' excludes no {name.replace('_', ' ')}: write it after the !")

    def match(self, change: Change) -> bool:
        """Whether a change matches."""
        return change.event.event_time in self.window and self.match_at_any_time(change)

    def match_at_any_time(self, change: Change) -> bool:
        """Whether a change matches all but the window."""
        return (
            self.match_arrival(change.arrived)
            and all(chosen(texts, test, change) for test, texts in self._tests)
            and (self.vicinity is None or bool(self.vicinity.shared(change)))
        )

    @property
    def only_times(self) -> bool:
        """Whether it chooses by event time and arrival alone."""
        return not self._tests and self.vicinity is None

    def times_mask(self, rows: pa.Table) -> pa.Array:
        """A mask of the rows, with `event_time` and `arrived`, that match by their times."""
        tests = [
            (rows["event_time"], pc.greater_equal, self.window.start),
            (rows["event_time"], pc.less, self.window.end),
            (rows["arrived"], pc.greater_equal, self._arrived_since),
        ]
        masks = [compare(times, instant(when)) for times, compare, when in tests if when]
        return reduce(pc.and_kleene, masks, pc.is_valid(rows["event_time"]))

    def match_arrival(self, arrived: datetime | None) -> bool:
        """Whether something arrived late enough.

        Raises:
            ValueError: it is not known when the last load began.
        """
        since = self._arrived_since
        return since is None or (arrived is not None and arrived >= since)

    @property
    def _arrived_since(self) -> datetime | None:
        """The instant since which something must have arrived."""
        if isinstance(self.arrived_since, str):
            raise ValueError(f"{self.arrived_since!r} is no instant")  # noqa: TRY004  # its value is wrong
        return self.arrived_since

    def match_by_claim(self, change: Change) -> bool:
        """Whether a change that matches only claims the principal's name: a session's name does."""
        wanted = [text.casefold() for text in self.principal if not text.startswith(_NOT)]
        return bool(wanted) and not any(_names(text, *_vouched(change)) for text in wanted)

    def match_target(self, resource: Resource) -> bool:
        """Whether the filter by target, if there is one, matches a resource."""
        return chosen(self._targets, _names, resource.id, resource.name)

    @cached_property
    def _targets(self) -> tuple[str, ...]:
        return tuple(text.casefold() for text in self.target)

    @cached_property
    def _tests(self) -> list[tuple[_Test, tuple[str, ...]]]:
        """The tests of the fields that are set, each with its texts."""
        return [
            (test, tuple(text.casefold() for text in texts))
            for name, test in _TESTS.items()
            if (texts := getattr(self, name))
        ]

    @property
    def times_in_words(self) -> str:
        """The window, and since when something must have arrived."""
        window = self.window.told_in(self.tz)
        if not isinstance(self.arrived_since, datetime):
            return window
        return f"{window}; arrived since {format_instant(self.arrived_since, self.tz)}"

    @property
    def in_words(self) -> str:
        """The filter as the notes of a report repeat it; empty when no field is set."""
        named = {name: getattr(self, name) for name in (*_TESTS, "rule")}
        said = [f"{name.replace('_', ' ')} {_in_words(of)}" for name, of in named.items() if of]
        return ", ".join([*said, *([] if self.vicinity is None else [self.vicinity.in_words])])


def _can_be_of_address(text: str) -> bool:
    """Whether an address, or the name of a service in its place, can have this part."""
    parts = text.split(".")
    return (
        len(parts) == 1
        or not _NUMBERS.fullmatch(text)
        or (
            len(parts) <= 4  # noqa: PLR2004  # of an IPv4 address
            and all(int(part or 0) <= 255 for part in parts)  # noqa: PLR2004  # of eight bits
        )
    )


def _plain(text: str) -> str:
    """A text without the mark of what is excluded."""
    return text.removeprefix(_NOT)


def _in_words(texts: Sequence[str]) -> str:
    """The texts of a field: `alice or ben, not gha-*`."""
    wanted = " or ".join(text for text in texts if not text.startswith(_NOT))
    excluded = " or ".join(_plain(text) for text in texts if text.startswith(_NOT))
    return ", ".join(filter(None, (wanted, excluded and f"not {excluded}")))


def chosen(texts: Iterable[str], test: Callable[..., bool], *about: object) -> bool:
    """Whether a test holds for one of some texts, if there is one, and for none that excludes.

    Args:
        texts: those that begin with `!` exclude.
        test: takes a text without the mark, and then `about`.
        about: what is tested.
    """
    wanted = found = False
    for text in texts:
        if text.startswith(_NOT):
            if test(text[len(_NOT) :], *about):
                return False
        else:
            wanted = True
            found = found or test(text, *about)
    return found or not wanted


def _names(text: str, *values: str | None) -> bool:
    """Whether a text is part of a value, or with a `*` a pattern of the whole of one."""
    pattern = _pattern(text)
    folded = (value.casefold() for value in values if value)
    if pattern is None:
        return any(text in value for value in folded)
    return any(pattern.fullmatch(value) for value in folded)


@lru_cache(maxsize=64)
def _pattern(text: str) -> re.Pattern[str] | None:
    """What a text with a `*` matches as a whole; None without one."""
    parts = text.split("*")
    return re.compile(".*".join(map(re.escape, parts)), re.DOTALL) if len(parts) > 1 else None


def _equal_to(*paths: str) -> _Test:
    """A test for a text that is one of some attributes of a change."""
    getters = [attrgetter(path) for path in paths]
    return lambda text, change: any(text == (get(change) or "").casefold() for get in getters)


def _by_principal(text: str, change: Change) -> bool:
    """Whether somebody acted: what names them, or the claim of a session that is not traced."""
    who, hops = change.principal, change.chain.hops
    claims = () if hops and not text.startswith("arn:") else (who.session, who.arn)
    return _names(text, who.display, *_vouched(change), *claims)


def _vouched(change: Change) -> tuple[str | None, ...]:
    """What names somebody without being the claim of whoever opened a session."""
    who, display = change.principal, change.principal.display
    arn = None
    if who.claims:
        display = replace(who, session=None).display
        arn = (who.arn or "").rpartition("/")[0]
    elif not change.chain.hops:
        arn = who.arn
    names = (who.name, *who.all_roles, who.service, who.user_id, display, arn)
    return (*names, *(hop.name for hop in change.chain.hops))


def _contains(text: str, change: Change) -> bool:
    """Whether every word of a text is somewhere in a change."""
    event, who = change.event, change.principal
    values = (
        *(change.description, change.action, *change.target_ids, *change.target_names),
        *(who.display, who.arn, event.event_id, event.source_ip_address),
        *(event.error_code, event.error_message, event.user_agent),
    )
    everything = "\n".join(value.casefold() for value in values if value)
    return all(word in everything for word in text.split())


def _service(change: Change) -> str:
    """The event source without the domain that all have."""
    return (change.event.event_source or "").casefold().removesuffix(_AWS)


_TESTS: dict[str, _Test] = {
    "principal": _by_principal,
    "action": lambda text, change: fnmatchcase(change.action.casefold(), text),
    "target": lambda text, change: _names(text, *change.target_ids, *change.target_names),
    "account": _equal_to("event.recipient_account_id", "principal.account_id"),
    "category": _equal_to("category"),
    "severity": _equal_to("severity"),
    "outcome": _equal_to("outcome"),
    "source_ip": lambda text, change: _names(text, change.event.source_ip_address),
    "contains": _contains,
    "event_source": lambda text, change: fnmatchcase(_service(change), text.removesuffix(_AWS)),
}


_KNOWN: dict[str, Callable[[], Sequence[str]]] = {
    "category": lambda: catalogue().categories,
    "severity": lambda: SEVERITIES,
    "outcome": lambda: OUTCOMES,
}


def check_known(name: str, texts: Iterable[str], known: Sequence[str]) -> None:
    """Make sure that a field only has values that can match.

    Raises:
        ValueError: one of them cannot.
    """
    for text in map(_plain, texts):
        if text.casefold() not in known:
            raise ValueError(f"no {name} {text!r}; {_suggested(text, known)}")


def check_actions(texts: Iterable[str], held: Callable[[], Iterable[str]]) -> None:
    """Make sure that some event names, or patterns of them, can match.

    Args:
        texts: of the filter.
        held: finds the event names in the store, which can have some that the catalogue has not.

    Raises:
        ValueError: one of them cannot match.
    """
    known = [operation.name for operation in catalogue().operations.values()]
    unknown = [text for text in map(_plain, texts) if not _any_match(text, known)]
    stored = sorted(set(held())) if unknown else []
    for text in unknown:
        if not _any_match(text, stored):
            raise ValueError(f"no action {text!r}; {_suggested(text, known)}")


def _any_match(text: str, names: Iterable[str]) -> bool:
    folded = text.casefold()
    return any(fnmatchcase(name.casefold(), folded) for name in names)


def _suggested(text: str, known: Sequence[str]) -> str:
    """What somebody can have meant by a value that there is not."""
    if len(known) <= _FEW:
        return f"there are: {', '.join(known)}"
    folded = {name.casefold(): name for name in known}
    part = text.casefold().strip("*")
    near = [name for one, name in folded.items() if part and part in one][:3]
    near = near or [folded[one] for one in get_close_matches(part, folded, n=3, cutoff=0.6)]
    return f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(known)}"
