"""How Sphinx makes the site of these pages; it needs no network.

pip install '.[docs]'
sphinx-build -W -b html docs docs/_build
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from trailscan import __version__  # the checkout, also if nothing is installed

project = "trailscan"
author = "The trailscan authors"
copyright = author  # noqa: A001  # Sphinx's name
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4
nitpicky = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": False}
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = f"trailscan {__version__}"
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False


def read_beside(_: object, __: str, source: list[str]) -> None:
    """Lead links to the measurements, which stand outside of docs/, to their page of the site."""
    source[0] = source[0].replace("](../benchmarks/README.md)", "](benchmarks.md)")


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("source-read", read_beside)
