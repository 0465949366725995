"""The documentation teaches what is true: its commands run, its fields exist, and its site builds."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import columns_page
import commands_page
import pytest
import typer
from services.command import run_command
from services.sphinx import sphinx_libraries

from trailscan.cli.app import app
from trailscan.events.schema import EVENTS
from trailscan.reports.catalogue import REPORTS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), ROOT / "README.md"])
RUN = ("tutorial.md", "incident.md", "verify-package.md")
"""The pages whose commands run on the sample logs, one after another."""

FENCE = re.compile(
    r"(?:<!-- (not run|exit code (?P<code>\d+))[^\n]*-->\n)?```(sh|text)\n(.*?)```", re.DOTALL
)
"""A block of commands or of what they print, and what a comment before it says of them."""


def commands_in(text: str) -> list[list[str]]:
    """The commands of trailscan in the lines of a shell, each as its words without the name."""
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.shlex(line, posix=True, punctuation_chars=True)
        words.whitespace_split = True
        words.commenters = "#"
        current: list[str] | None = None
        for word in words:
            if word in {"&&", "|", ";", ">", "<", "||"}:
                current = None
            elif current is not None:
                current.append(word)
            elif word == "trailscan" or word.endswith("/trailscan"):
                found.append(current := [])
    return found


def parse(words: list[str]) -> None:
    """Parse the words of a command as the program would, without running it."""
    command = typer.main.get_command(app)
    path = "trailscan"
    while words and words[0] in getattr(command, "commands", {}):
        command, path, words = command.commands[words[0]], f"{path} {words[0]}", words[1:]
    command.make_context(path, list(words), resilient_parsing=False)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_in_the_documentation_parses(page):
    """No page shows an option or argument that the program refuses."""
    text = page.read_text(encoding="utf-8")
    shown = "".join(found[1] for found in re.findall(r"```(sh|ini)\n(.*?)```", text, re.DOTALL))
    shown = re.sub(r"^\w+=(?=/opt)", "", shown, flags=re.MULTILINE)
    for words in commands_in(shown):
        parse(words)


@pytest.mark.parametrize("page", RUN)
def test_what_a_page_tells_to_run_runs(page, tmp_path):
    """Each command of the page succeeds in its order, and prints what the page says it prints."""
    (tmp_path / "sample_logs").symlink_to(ROOT / "sample_logs")
    printed = ""
    for mark, code, kind, text in FENCE.findall((DOCS / page).read_text(encoding="utf-8")):
        if kind == "text":
            missing = [line for line in text.splitlines() if bare(line) not in bare(printed)]
            assert missing == [], printed
        elif mark != "not run":
            ends = int(code or 0)
            printed = "".join(run_line(line, tmp_path, ends) for line in text.splitlines())


def run_line(line: str, folder: Path, code: int) -> str:
    """What a line of a page prints, run in a folder; it must end with this exit code."""
    environment = {**os.environ, "COLUMNS": "200"}
    if line.startswith("trailscan "):
        ended = run_command(*shlex.split(line)[1:], cwd=folder, env=environment)
    else:
        ended = subprocess.run(
            ["sh", "-c", line], cwd=folder, env=environment, capture_output=True, check=False
        )
    printed = (ended.stdout + ended.stderr).decode()
    assert ended.returncode == code, f"{line}\n{printed}"
    return printed


def bare(text: str) -> str:
    """Text without its spaces."""
    return "".join(text.split())


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of the sample logs, and what the load and a validation say as JSON."""
    folder = tmp_path_factory.mktemp("site")
    source = ROOT / "sample_logs"
    loaded = run_command("load", source / "AWSLogs", "--format", "json", cwd=folder)
    validated = run_command("validate", source, "--all", "--format", "json", cwd=folder)
    report = run_command(
        "report", "accounts", "--fail-on", "critical", "--format", "json", cwd=folder
    )
    compacted = run_command("store", "compact", "--dry-run", "--format", "json", cwd=folder)
    return folder, {
        "store compact": json.loads(compacted.stdout),
        "Reports and sql": json.loads(report.stdout),
        "load": json.loads(loaded.stdout),
        "validate": json.loads(validated.stdout),
    }


@pytest.mark.parametrize("name", ["Reports and sql", "load", "validate", "store compact"])
def test_every_json_field_is_documented(store, name):
    """The page of JSON fields has the fields that commands print, and no others."""
    _, printed = store
    text = (DOCS / "json.md").read_text(encoding="utf-8")
    section = text.partition(f"## {name}\n")[2].partition("\n## ")[0]
    first_cells = re.findall(r"^\| (`.+?`) \|", section, re.MULTILINE)
    assert re.findall(r"`(\w+)`", " ".join(first_cells)) == list(printed[name])


@pytest.mark.parametrize("page", [DOCS / "python.md", ROOT / "README.md"], ids=lambda one: one.name)
def test_what_a_page_shows_of_python_runs(store, page, monkeypatch):
    """Each line runs where the commands of the tutorial have made a store."""
    monkeypatch.chdir(store[0])
    (text,) = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(text, page.name, "exec"), {})  # noqa: S102  # our own pages


def test_every_column_of_a_report_has_its_source():
    """It is a path in the record or a line of `docs/report_sources.py`, and no line is left over."""
    names = {one.name for report in REPORTS for one in columns_page.report_columns(report)}
    assert [name for name in sorted(names) if not columns_page.report_source(name)] == []
    assert set(columns_page.FROM) <= names


def test_the_path_of_a_column_is_where_its_value_stands(store):
    """Each event of the sample logs has in its record what the columns have of it."""
    import trailscan

    folder, _ = store
    frame = trailscan.open(folder / "trailscan-store").events()
    texts = [
        name
        for name in EVENTS.names
        if columns_page.path_of(name) and str(EVENTS.field(name).type) == "string"
    ]
    wrong = set()
    for row in frame[[*texts, "record"]].itertuples(index=False):
        record = json.loads(row.record)
        for name in texts:
            value = getattr(row, name)
            if isinstance(value, str) and not value.startswith("{"):
                found = at(record, columns_page.path_of(name))
                if found is None or str(found).lower() != value.lower():
                    wrong.add((name, value, str(found)))
    assert wrong == set()


def at(record: dict, path: str):
    """The value at a path of a record."""
    value = record
    for member in path.split("."):
        value = value.get(member) if isinstance(value, dict) else None
    return value


def test_every_command_has_its_section():
    """The page of commands names each command of the program once."""
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    shown = re.findall(r"^## trailscan (.+)$", text, re.MULTILINE)
    assert shown == [words for words, _ in commands_page.commands()]


@pytest.mark.slow
def test_the_site_builds_without_the_network_and_its_links_lead_somewhere(tmp_path):
    """Sphinx has no warning, which a link to a missing page or heading would be."""
    libraries = sphinx_libraries()
    source = tmp_path / "checkout"
    shutil.copytree(DOCS, source / "docs", ignore=shutil.ignore_patterns("_build", "__pycache__"))
    for name in ("CONTRIBUTING.md", "benchmarks", "trailscan"):
        (source / name).symlink_to(ROOT / name)
    site = tmp_path / "site"
    offline = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            "-q",
            "-W",
            "--keep-going",
            "-b",
            "html",
            source / "docs",
            site,
        ],
        env={**os.environ, **offline, "PYTHONPATH": f"{libraries}:{source}"},
        capture_output=True,
        check=False,
        text=True,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert broken_links(site) == []
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=\"https?:", every_page(site))


def every_page(site: Path) -> str:
    """The text of all pages."""
    return "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.html"))


def broken_links(site: Path) -> list[str]:
    """The links from one page of the site to another, or to a heading, that lead nowhere."""
    pages = {path: path.read_text(encoding="utf-8") for path in site.glob("*.html")}
    broken = []
    for path, text in pages.items():
        for link in re.findall(r'href="([^":]+)"', text):
            name, _, heading = link.partition("#")
            target = (path.parent / name.partition("?")[0]) if name else path
            if not target.exists() or (
                heading and target in pages and f'id="{heading}"' not in pages[target]
            ):
                broken.append(f"{path.name}: {link}")
    return broken
