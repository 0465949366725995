"""The pages that the program dictates are up to date, and a check writes nothing."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import write

import trailscan
from trailscan import errors

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture
def pages(tmp_path, monkeypatch):
    """A folder with one page that is up to date and one that is not, and the texts of both."""
    monkeypatch.setattr(
        write, "PAGES", {"old.md": lambda text: f"{text}new", "same.md": lambda text: text}
    )
    (tmp_path / "old.md").write_text("old")
    (tmp_path / "same.md").write_text("same")
    return tmp_path


def texts(folder: Path) -> dict[str, str]:
    """The files of a folder."""
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize("name", write.PAGES)
def test_a_page_says_what_the_program_says(name):
    """The committed page is the one that `python docs/write.py` writes."""
    committed = (DOCS / name).read_text(encoding="utf-8")
    assert write.PAGES[name](committed) == committed, "run python docs/write.py, then commit it"


def test_a_check_names_what_is_out_of_date_and_writes_nothing(pages, capsys):
    """`--check` ends in exit code 1, also the second time."""
    for _ in range(2):
        assert write.main(["--check"], pages) == 1
        said = "docs/old.md is out of date: run python docs/write.py, then commit it\n"
        assert capsys.readouterr().out == said
    assert texts(pages) == {"old.md": "old", "same.md": "same"}


def test_the_writer_writes_what_is_out_of_date(pages, capsys):
    """Without `--check`, only the page that differs is written."""
    assert write.main([], pages) == 0
    assert capsys.readouterr().out == "wrote docs/old.md\n"
    assert texts(pages) == {"old.md": "oldnew", "same.md": "same"}


def test_a_table_edited_by_hand_is_written_anew(tmp_path):
    """A changed cell of a dictated table comes back, and the prose around it stays."""
    page = tmp_path / "reports.md"
    shutil.copy(DOCS / page.name, page)
    committed = page.read_text()
    page.write_text(committed.replace("| `event_time` |", "| `tiem` |", 1))
    assert page.read_text() != committed
    assert write.PAGES[page.name](page.read_text()) == committed


def test_no_test_can_write_into_the_checkout(tmp_path):
    """An attempt fails where it is made, so that a failing test fails the second time too."""
    (tmp_path / "file").touch()
    attempts = (
        lambda: (DOCS / "reports.md").write_text("anything"),
        (DOCS / "new.md").touch,
        lambda: (tmp_path / "file").rename(DOCS / "new.md"),
        lambda: (DOCS / "new.md").symlink_to(tmp_path / "file"),
    )
    for attempt in attempts:
        with pytest.raises(PermissionError, match="a test wrote into the checkout"):
            attempt()
    assert not (DOCS / "new.md").exists()


def test_the_threat_model_names_tests_that_exist():
    """A path there is a file of `tests/attacks/` unless it says otherwise."""
    text = (DOCS / "threat-model.md").read_text(encoding="utf-8")
    named = set(
        re.findall(r"`((?:tests/)?[a-z_/]*(?:test_[a-z0-9_]+\.py|(?<=tests/)[a-z]+/))`", text)
    )
    tests = DOCS.parent / "tests"
    assert {"test_store.py", "tests/whole/test_validate.py", "tests/fuzz/"} <= named
    paths = {
        one: (tests.parent if one.startswith("tests/") else tests / "attacks") / one
        for one in named
    }
    assert {one for one, path in paths.items() if not path.exists()} == set()


def reasons_in_code() -> set[str]:
    """The reasons with which log files and records are rejected."""
    package = Path(trailscan.__file__).parent
    files = [package / "ingest/scan.py", package / "events/event.py"]
    files += [one for one in (package / "trail").glob("*.py") if one.stem != "digest"]
    text = "".join(one.read_text(encoding="utf-8") for one in files)
    made = r'(?:DecodeError\(|Reject\((?:None|\w+(?:\.\w+)?),|reason=)\s*"(\w+)"'
    found = set(re.findall(made, text))
    kinds = [errors.TrailscanError, *errors.TrailscanError.__subclasses__()]
    for kind in kinds:  # grows while it is read
        kinds += [one for one in kind.__subclasses__() if one not in kinds]
    return found | {kind.reason for kind in kinds}


def test_the_reasons_of_rejects_are_those_of_the_program():
    """Each reason has a row, and each row is of a reason; `marker` and `document` are no rejects."""
    page = (DOCS / "loading.md").read_text(encoding="utf-8")
    table = page.partition("### Reasons of rejects")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert set(re.findall(r"`(\w+)`", "".join(rows))) == reasons_in_code() - {"marker", "document"}
