"""What later events undid: by the settings of the organization, whatever operation changed them.

| setting | undone when |
|---|---|
| a policy on a target | it, or one whose text means the same, is on it again; or off again |
| the text of a policy | a text of the same meaning is written again |
| a policy type of a root | it is enabled, or disabled, again; its attachments do not come back |
| a delegated administrator, trusted access | it is registered or enabled, or is not, as before |
| the parent of an account | the account is in the same OU or root again |
| the membership of an account | it is a member again, or has left again |

AWS records no event when a closed account is reopened, and no deleted resource has its id again.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Setting(msgspec.Struct, frozen=True, array_like=True):
    """One value that an event changed.

    Attributes:
        key: what has the value.
        before: the value before; None if the log does not have it.
        after: the value after.
    """

    key: tuple[str, ...]
    before: str | None
    after: str


class Undoing(msgspec.Struct, frozen=True, array_like=True):
    """The event that undid a change.

    Attributes:
        at: its time.
        event_id: its id.
    """

    at: datetime
    event_id: str


class _Open(NamedTuple):
    """A change that nothing has undone yet.

    Attributes:
        number: of the change.
        before: the value that undoes it.
        restores: whether it undid another change.
    """

    number: int
    before: str
    restores: bool


class Follower:
    """Follows settings through changes in order of time.

    A value that returns undoes every change since it was left: of the texts A, B, C, A the last
    undoes both others.

    Attributes:
        undone: what undid a change, by the position of the change.
    """

    def __init__(self) -> None:
        self.undone: dict[int, Undoing] = {}
        self._count = 0
        self._open: defaultdict[tuple[str, ...], list[_Open]] = defaultdict(list)

    def add(self, settings: Iterable[Setting], at: datetime, event_id: str) -> None:
        """Follow one more change."""
        number, self._count = self._count, self._count + 1
        for key, before, after in ((one.key, one.before, one.after) for one in settings):
            found = self._open.get(key, [])
            first = _first_undone(found, after)
            restores = first < len(found) and not found[first].restores
            for one in found[first:]:
                self.undone.setdefault(one.number, Undoing(at, event_id))
            del found[first:]
            if before is not None:
                self._open[key].append(_Open(number, before, restores))


def _first_undone(found: Sequence[_Open], value: str) -> int:
    """The position of the first open change that a value undoes; their number for none.

    The value that a restoring change replaced is only back if the next change brings it back.
    """
    last = len(found) - 1
    for place in range(last, -1, -1):
        if found[place].restores and place != last:
            break
        if found[place].before == value:
            return place
    return len(found)
