"""How old the newest log file may be, and what is older."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trailscan.window import duration_in_words, format_instant

if TYPE_CHECKING:
    from datetime import datetime, timedelta


class MaxAge(NamedTuple):
    """How old the newest log file may be, by its delivery.

    Attributes:
        age: at most.
        each_account: of each account, not only of all together.
    """

    age: timedelta
    each_account: bool = False


class Stale(NamedTuple):
    """An account, or all together, whose newest log file is too old.

    Attributes:
        account_id: None for all together.
        newest: when the last log file was delivered, or up to when digests prove that there was
            none; None if there is none at all.
        age: of that; None likewise.
        limit: how old it may be.
    """

    account_id: str | None
    newest: datetime | None
    age: timedelta | None
    limit: timedelta

    @property
    def in_words(self) -> str:
        """Whose newest log file is how old, and how old it may be."""
        whose = f"of account {self.account_id}" if self.account_id else "in the store"
        limit = duration_in_words(self.limit)
        if self.newest is None or self.age is None:
            return f"no log file {whose}; the newest may be {limit} old"
        age, newest = duration_in_words(self.age), format_instant(self.newest)
        return f"the newest log file {whose} is {age} old ({newest}); it may be {limit} old"
