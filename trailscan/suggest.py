"""What somebody may have meant by a word that is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The closest of the known words as a question, such as `; did you mean 'targets'?`.

    Empty if none is close.
    """
    from difflib import get_close_matches  # noqa: PLC0415  # start-up

    by_lower = {one.lower(): one for one in known}
    found = get_close_matches(word.lower(), by_lower, n=1)
    return f"; did you mean {by_lower[found[0]]!r}?" if found else ""
