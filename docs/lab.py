"""The notebooks in a real JupyterLab in Chromium, without a network: run, hovered, photographed.

    python docs/lab.py FOLDER [NAME...]

writes a picture of each notebook into a folder, after running all of its cells and hovering its
charts. It needs the extras `notebook` and `test`, `chromium` and `chromedriver`; it ends with an
error if a cell fails, a chart shows no tooltip, or the page asks another host for anything.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selenium import webdriver
from selenium.webdriver.support.wait import WebDriverWait

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
WIDTH = 1400
PATIENCE = 120
_SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none", "autoStartDefaultKernel": True},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
_OPTIONS = (
    *("--no-browser", "--allow-root", "--ip=127.0.0.1", "--ServerApp.token="),
    *("--ServerApp.password=", "--LabApp.expose_app_in_browser=True"),
    *("--LabApp.extension_manager=readonly", "--LabApp.news_url="),
)
_READY = "return window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status"
_RUN = "window.jupyterapp.commands.execute('notebook:run-all-cells').then(arguments[0])"
_ERRORS = """return window.jupyterapp.shell.currentWidget.content.widgets.flatMap((cell) =>
  (cell.model.toJSON().outputs ?? []).filter((one) => one.output_type === "error"))
  .map((one) => one.ename + ': ' + one.evalue)"""
_HEIGHT = """const shown = window.jupyterapp.shell.currentWidget.content.node;
const cells = [...shown.querySelectorAll(".jp-Cell")].map((cell) => cell.getBoundingClientRect());
return Math.ceil(cells.at(-1).bottom - cells[0].top)"""
_WITHOUT_FOLDERS = "return window.jupyterapp.commands.execute('application:toggle-left-area')"
_TOOLTIP = "return document.querySelector('#vg-tooltip-element.visible')?.innerText"
_BOX = (
    "const box = arguments[0].getBoundingClientRect(); return [box.x, box.y, box.width, box.height]"
)
_CANVAS = ".jp-RenderedVegaCommon5 :is(svg, canvas).marks"


class Lab:
    """A JupyterLab with the notebooks, and a browser that looks at it."""

    def __init__(self, url: str, driver: webdriver.Chrome) -> None:
        self.url = url
        self.driver = driver

    def run(self, name: str) -> None:
        """Open a notebook and run all of its cells.

        Raises:
            RuntimeError: a cell failed.
        """
        self.driver.get(f"{self.url}/lab/workspaces/{name}/tree/{name}.ipynb?reset")
        self.wait(_READY, "idle")
        self.driver.execute_async_script(_RUN)
        if errors := self.driver.execute_script(_ERRORS):
            raise RuntimeError(f"{name}: {errors}")

    def wait(self, script: str, value: object) -> None:
        """Wait until a script gives a value."""
        wait = WebDriverWait(self.driver, PATIENCE, 0.1)
        wait.until(lambda driver: driver.execute_script(script) == value)

    def charts(self) -> list[Any]:
        """The charts that are shown."""
        return self.driver.find_elements("css selector", _CANVAS)

    def hover(self, chart: Any) -> str:
        """Move the mouse over a chart until there is a tooltip; gives its text."""
        for down in range(1, 40):
            for right in range(1, 30):
                self._mouse("mouseMoved", chart, right / 30, down / 40)
                if told := self.driver.execute_script(_TOOLTIP):
                    return str(told)
        return ""

    def drag(self, chart: Any, start: float, end: float, down: float) -> None:
        """Drag over a chart, from and to a part of its width, at a part of its height."""
        self._mouse("mouseMoved", chart, start, down)
        self._mouse("mousePressed", chart, start, down)
        for step in range(1, 11):
            self._mouse("mouseMoved", chart, start + (end - start) * step / 10, down)
        self._mouse("mouseReleased", chart, end, down)

    def _mouse(self, kind: str, chart: Any, right: float, down: float) -> None:
        """Do something with the mouse at a place of a chart, in parts of its width and height."""
        box = self.driver.execute_script(_BOX, chart)
        place = {"x": box[0] + box[2] * right, "y": box[1] + box[3] * down}
        held = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
        self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": kind, **place, **held})

    def size(self, width: int, height: int) -> None:
        """Make the window of a size."""
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)

    def unroll(self) -> None:
        """Make the window as tall as the notebook."""
        self.size(WIDTH, self.driver.execute_script(_HEIGHT) + 200)

    def photograph(self, path: Path) -> None:
        """Save what is shown."""
        self.driver.save_screenshot(str(path))

    def asked(self) -> set[str]:
        """The hosts that the page asked for something."""
        entries = [json.loads(one["message"]) for one in self.driver.get_log("performance")]
        sent = [one["message"] for one in entries]
        urls = [
            one["params"]["request"]["url"]
            for one in sent
            if one["method"] == "Network.requestWillBeSent"
        ]
        return {url.split("/")[2] for url in urls if url.startswith("http")}


@contextmanager
def open_lab() -> Iterator[Lab]:
    """A JupyterLab of its own with a copy of the notebooks, and a browser."""
    with tempfile.TemporaryDirectory() as home:
        shutil.copytree(ROOT / "notebooks", f"{home}/notebooks")
        for name, settings in _SETTINGS.items():
            file = Path(home, "lab", "user-settings", "@jupyterlab", f"{name}.jupyterlab-settings")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(settings), encoding="utf-8")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        words = [f"--port={port}", f"--ServerApp.root_dir={home}/notebooks", *_OPTIONS]
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *words],
            env={**os.environ, "JUPYTER_CONFIG_DIR": home, "TRAILSCAN_CACHE": f"{home}/cache"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        driver = _browser()
        try:
            _await(port)
            yield Lab(f"http://127.0.0.1:{port}", driver)
        finally:
            driver.quit()
            server.terminate()
            server.wait()


def _browser() -> webdriver.Chrome:
    """Chromium without a display that finds no host but this one."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for word in (
        *("--headless=new", "--no-sandbox", "--hide-scrollbars", "--lang=en-US"),
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    ):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    driver.set_window_size(WIDTH, 1200)
    driver.set_script_timeout(PATIENCE)
    return driver


def _await(port: int) -> None:
    """Wait until a server listens at a port."""
    for _ in range(PATIENCE * 10):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("JupyterLab does not start")


def look(lab: Lab, name: str, folder: Path) -> None:
    """Run a notebook, hover its charts, drag over the first, and photograph it each time.

    Raises:
        RuntimeError: a cell failed, a chart shows no tooltip, or another host was asked.
    """
    lab.run(name)
    lab.unroll()
    lab.photograph(folder / f"{name}.png")
    for number, chart in enumerate(lab.charts(), 1):
        if not lab.hover(chart):
            raise RuntimeError(f"{name}: chart {number} shows no tooltip")
        lab.photograph(folder / f"{name}-{number}.png")
        lab.drag(chart, 0.5, 0.8, 0.25)
        lab.photograph(folder / f"{name}-{number}-dragged.png")
    if hosts := lab.asked() - {lab.url.removeprefix("http://")}:
        raise RuntimeError(f"{name}: asked {', '.join(sorted(hosts))}")
    print(f"{name}: {len(lab.charts())} charts")


def write_picture(path: Path) -> None:
    """Write the picture of the documentation: a chart in a notebook, and what a bar says."""
    with open_lab() as lab:
        lab.run("first_look")
        lab.driver.execute_script(_WITHOUT_FOLDERS)
        lab.size(1200, 900)
        chart = lab.charts()[0]
        lab.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", chart)
        lab.hover(chart)
        lab.photograph(path)


def main() -> None:
    """Look at all notebooks, or at some."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with open_lab() as lab:
        for name in sys.argv[2:] or [path.stem for path in NOTEBOOKS]:
            look(lab, name, folder)


if __name__ == "__main__":
    main()
