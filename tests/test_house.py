"""CONTRIBUTING is true: its picture of the house is the tree, and it names every library."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "trailscan"
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def section(title: str) -> str:
    """A section of CONTRIBUTING."""
    return CONTRIBUTING.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def column(text: str, number: int) -> list[str]:
    """A column of a table, without its heading."""
    lines = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [cells[number].strip("| ") for cells in lines[1:]]


def rooms() -> list[str]:
    """The rooms in the picture of the house."""
    return [
        room for cell in column(section("The house"), 1) for room in re.findall("`(.+?)`", cell)
    ]


def names_of(*requirements: list[str]) -> set[str]:
    """The names of libraries, without their versions and extras."""
    return {re.match(r"[\w-]+", one)[0].lower() for some in requirements for one in some}


def test_the_picture_of_the_house_is_the_tree():
    """Every package and every module outside of one has its line, and no line is of something else."""
    packages = {f"{path.parent.relative_to(PACKAGE)}/" for path in PACKAGE.rglob("*/__init__.py")}
    modules = {path.name for path in PACKAGE.glob("*.py")} - {"__init__.py"}
    assert sorted(rooms()) == sorted(packages | modules)


def test_every_room_is_in_the_contract_of_layers():
    """No room is outside of the order in which imports point down."""
    (layers,) = [
        contract["layers"]
        for contract in PROJECT["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers" and not contract["containers"]
    ]
    checked = {name.removeprefix("trailscan.") for line in layers for name in line.split(" | ")}
    assert checked == {room.rstrip("/").removesuffix(".py").split("/")[0] for room in rooms()}


def test_every_library_is_there_for_a_reason():
    """Each dependency has a word in the table of libraries, and no other has."""
    project = PROJECT["project"]
    names = names_of(project["dependencies"], *project["optional-dependencies"].values())
    cells = column(section("Why each library is here"), 0)
    told = {
        name
        for cell in cells
        for name in re.sub(r"\(extra `\w+`\)", "", cell).replace(" ", "").split(",")
    }
    assert told == names


def test_the_glossary_is_in_order_and_no_word_is_twice():
    """Whoever looks for a word finds it."""
    words = [word.partition(",")[0].lower() for word in column(section("Glossary"), 0)]
    assert len(set(words)) == len(words)
    assert words == sorted(words)


def test_what_is_pinned_is_what_is_wanted():
    """Each dependency that CI installs has one version in the constraints file."""
    pinned = dict(
        line.lower().split("==")
        for line in (ROOT / ".ci" / "constraints.txt").read_text().splitlines()
        if not line.startswith("#")
    )
    project = PROJECT["project"]
    names = names_of(project["dependencies"], project["optional-dependencies"]["test"])
    assert names <= pinned.keys()
