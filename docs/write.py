"""Write what the documentation takes from the program, or check that it is up to date.

    python docs/write.py            # write each page that is out of date
    python docs/write.py --check    # name each page that is out of date; exit code 1 if there is

CI and `tests/test_docs.py` run the check. No test writes a page.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import columns_page
import commands_page
import operations_page
import picture
import reports_page

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(__file__).parent
PAGES: dict[str, Callable[[str], str]] = {
    "columns.md": lambda _: columns_page.page(),
    "commands.md": lambda _: commands_page.page(),
    "operations.md": lambda _: operations_page.page(),
    "reports.md": reports_page.page,
    "changes.svg": lambda _: picture.draw(),
}
"""How each file is made from the text it has now, which only the page of reports uses."""


def outdated(folder: Path = FOLDER) -> dict[str, str]:
    """The files of a folder that differ from what the program says, each with its new text."""
    found = {}
    for name, made_from in PAGES.items():
        path = folder / name
        committed = path.read_text(encoding="utf-8") if path.exists() else ""
        if (made := made_from(committed)) != committed:
            found[name] = made
    return found


def main(arguments: list[str], folder: Path = FOLDER) -> int:
    """Write or check the pages of a folder; the exit code."""
    parser = argparse.ArgumentParser(description="Write the pages that the program dictates.")
    parser.add_argument("--check", action="store_true", help="Write nothing; only compare.")
    check = parser.parse_args(arguments).check
    pages = outdated(folder)
    for name, text in pages.items():
        if check:
            print(f"docs/{name} is out of date: run python docs/write.py, then commit it")
        else:
            (folder / name).write_text(text, encoding="utf-8")
            print(f"wrote docs/{name}")
    return int(check and bool(pages))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
