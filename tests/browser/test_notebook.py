"""What Jupyter shows of reports, under the rules of JupyterLab for cells of tables."""

from __future__ import annotations

from trailscan.render.frames import frame_html

LAB = """
:not(.jp-RenderedMarkdown).jp-RenderedHTMLCommon td,
:not(.jp-RenderedMarkdown).jp-RenderedHTMLCommon th,
:not(.jp-RenderedMarkdown).jp-RenderedHTMLCommon tr { text-align: right; }
.jp-RenderedHTMLCommon td, .jp-RenderedHTMLCommon th {
  vertical-align: middle; padding: 0.5em 0.5em; white-space: normal; max-width: none;
}
"""
"""As in JupyterLab 4.6."""

LOOKS = """return ["td.text", "td.instant", "td.count", ".dataframe td"].map((one) => {
  const look = getComputedStyle(document.querySelector(one));
  return [look.textAlign, look.verticalAlign, look.whiteSpace].join(" ");
})"""

TOO_NARROW = """return [...document.querySelectorAll("td")]
  .filter((cell) => cell.scrollWidth > cell.clientWidth).map((cell) => cell.textContent)"""


def test_cells_are_as_in_a_report_and_not_as_jupyterlab_has_them(browser, reports, tmp_path):
    """Texts are left-aligned, counts are not, no instant is broken, no word has several lines."""
    principals = reports("principals")
    page = tmp_path / "notebook.html"
    shown = principals._repr_html_() + frame_html(principals.to_frame())
    page.write_text(
        f'<!doctype html><meta charset="utf-8"><style>{LAB}</style>'
        f'<div class="jp-RenderedHTMLCommon" style="width: 700px">{shown}</div>',
        encoding="utf-8",
    )
    browser.open(page, ready=False)
    assert browser.run(LOOKS) == [
        "left top normal",
        "left top nowrap",
        "right top normal",
        "left top normal",
    ]
    assert browser.run(TOO_NARROW) == []
