"""Write and run the notebooks: `python notebooks/write.py [NAME...]` needs the extra `notebook`.

The cells are in `cells.py`. Committed outputs name no folder of the machine that made them.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from cells import NOTEBOOKS
from nbclient import NotebookClient

FOLDER = Path(__file__).parent
_SHOWN_CACHE = "~/.cache/trailscan"


def make(name: str) -> nbformat.NotebookNode:
    """A notebook without outputs; cell ids are numbers, so that it is the same every time."""
    cells = []
    for number, text in enumerate(NOTEBOOKS[name]):
        kind, _, source = text.strip().partition("\n")
        new = nbformat.v4.new_markdown_cell if kind == "%% md" else nbformat.v4.new_code_cell
        cells.append(new(source, id=f"cell-{number}"))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def run(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook with its outputs."""
    NotebookClient(
        notebook, timeout=120, record_timing=False, resources={"metadata": {"path": str(FOLDER)}}
    ).execute()
    return notebook


def write(name: str) -> None:
    """Run a notebook with a cache of its own and write it."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ["TRAILSCAN_CACHE"] = cache
        notebook = run(make(name))
        text = nbformat.writes(notebook).replace(cache, _SHOWN_CACHE)
        text = text.replace(str(FOLDER.parent), "~/trailscan")
    (FOLDER / f"{name}.ipynb").write_text(text + "\n", encoding="utf-8")
    print(f"wrote {name}.ipynb, {len(text):,} bytes")


if __name__ == "__main__":
    for chosen in sys.argv[1:] or NOTEBOOKS:
        write(chosen)
