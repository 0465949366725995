"""Notebooks run as they are committed, and are committed with outputs that read well."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from jupyter_client import KernelManager
from nbclient import NotebookClient

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
VEGA_LITE = "application/vnd.vegalite.v5+json"


def outputs(notebook):
    """What the cells of a notebook show."""
    return [one for cell in notebook.cells for one in cell.get("outputs", [])]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """One kernel for all notebooks, which forgets between them: half of their time is imports."""
    manager = KernelManager()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TRAILSCAN_CACHE", str(tmp_path_factory.getbasetemp() / "demo"))
        manager.start_kernel(cwd=FOLDER)
    yield manager
    manager.shutdown_kernel(now=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of Jupyter's own, which are not ours to mend
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs_and_shows_what_is_committed(path, kernel):
    """Every cell runs and shows the kinds of output that were committed."""
    notebook = nbformat.read(path, as_version=4)
    committed = outputs(notebook)
    notebook.cells.insert(0, nbformat.v4.new_code_cell("%reset -f"))
    client = NotebookClient(notebook, km=kernel, timeout=120)
    client.execute()
    client.kc.stop_channels()
    shown = outputs(notebook)
    assert [set(one.get("data", {})) for one in shown] == [
        set(one.get("data", {})) for one in committed
    ]
    assert [one["output_type"] for one in shown] == [one["output_type"] for one in committed]
    charts = [one.data[VEGA_LITE]["$schema"] for one in shown if VEGA_LITE in one.get("data", {})]
    assert all(schema.endswith("/v5.json") for schema in charts)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_opens_with_its_question_and_shows_pictures_of_its_charts(path):
    """GitHub shows a question, and an image of every chart; no output is an error or a warning."""
    notebook = nbformat.read(path, as_version=4)
    assert notebook.cells[0].source.split("\n")[0].endswith("?")
    assert {one["output_type"] for one in outputs(notebook)} <= {"execute_result", "display_data"}
    for one in outputs(notebook):
        assert VEGA_LITE not in one.data or "image/png" in one.data
    assert "/tmp/" not in path.read_text()
