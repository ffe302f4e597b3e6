"""What lies behind the presenter, out of focus."""

from __future__ import annotations

import numpy as np

from ....core.presenter.look import Look
from .ink import Color, Linear, Point, Radial, Sheet, curve, darker, ellipse, lighter, mix, rgb, shifted
from .palette import backdrop_of

GRAIN = 1.1


def draw_backdrop(sheet: Sheet, look: Look, left: float, top: float, right: float, bottom: float) -> None:
    """Fill the whole sheet, whose box is given in figure units."""
    scene = Scene(sheet, left, top, right, bottom)
    {"studio": _studio, "office": _office, "home": _home, "nature": _nature, "night": _night}[look.backdrop](
        scene, look
    )
    scene.vignette()
    chance = np.random.default_rng(1)
    sheet.pixels[..., :3] += chance.normal(0, GRAIN, (*sheet.pixels.shape[:2], 1)).astype(np.float32)


class Scene:
    """A sheet that is filled from edge to edge."""

    def __init__(self, sheet: Sheet, left: float, top: float, right: float, bottom: float) -> None:
        self.sheet = sheet
        self.left, self.top, self.right, self.bottom = left, top, right, bottom
        self.chance = np.random.default_rng(23)

    def wash(self, fill: Color | Linear | Radial) -> None:
        self.sheet.fill(box(self.left - 1, self.top - 1, self.right + 1, self.bottom + 1), fill)

    def blob(
        self, outline: np.ndarray, color: Color | Linear | Radial, opacity: float = 1.0, blur: float = 0.08
    ) -> None:
        self.sheet.fill(outline, color, opacity, blur=blur)

    def vignette(self) -> None:
        self.blob(box(self.left, self.bottom - 1.2, self.right, self.bottom + 1), rgb("181820"), 0.14, 0.6)
        for x in (self.left, self.right):
            self.blob(box(x - 0.5, self.top - 1, x + 0.5, self.bottom + 1), rgb("181820"), 0.09, 0.5)

    def bokeh(
        self, count: int, colors: list[Color], low: Point, high: Point, radii: tuple[float, float], opacity: float
    ) -> None:
        for _ in range(count):
            x, y = self.chance.uniform(low[0], high[0]), self.chance.uniform(low[1], high[1])
            radius = self.chance.uniform(*radii)
            color = colors[self.chance.integers(len(colors))]
            self.blob(ellipse((x, y), radius, radius), color, opacity * self.chance.uniform(0.4, 1.0), 0.025)
            self.blob(ellipse((x, y), radius * 0.8, radius * 0.8), lighter(color, 0.4), opacity * 0.25, 0.03)


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


def _studio(scene: Scene, look: Look) -> None:
    light, deep = backdrop_of(look)
    scene.wash(Radial((-0.5, -0.6), 3.6, 4.6, (lighter(light, 0.25), light, mix(light, deep, 0.55), deep)))
    scene.blob(ellipse((0.0, -0.1), 1.95, 1.95), lighter(light, 0.35), 0.42, 0.02)
    scene.blob(ellipse((0.0, -0.1), 2.55, 2.55), lighter(light, 0.35), 0.16, 0.02)


def _office(scene: Scene, look: Look) -> None:
    light, deep = backdrop_of(look)
    wall = mix(light, rgb("efe9df"), 0.55)
    scene.wash(
        Linear((scene.left, scene.top), (scene.right, scene.bottom), (lighter(wall, 0.3), wall, mix(wall, deep, 0.35)))
    )
    wood = rgb("a9825c")
    x0 = 0.75
    scene.blob(box(x0, scene.top - 1, scene.right + 1, scene.bottom + 1), mix(wood, wall, 0.35), 0.9, 0.05)
    colors = [deep, rgb("c96f53"), rgb("e8d9bb"), rgb("4e6e81"), rgb("d8a24a"), rgb("7d8f69"), rgb("f2efe8")]
    for row, y in enumerate(np.arange(scene.top - 0.4, scene.bottom, 1.15)):
        scene.blob(box(x0 + 0.12, y, scene.right + 1, y + 1.02), darker(wood, 0.38), 0.85, 0.05)
        x = x0 + 0.25
        while x < scene.right + 0.3:
            width, height = scene.chance.uniform(0.12, 0.24), scene.chance.uniform(0.55, 0.85)
            if scene.chance.random() < 0.82:
                color = colors[scene.chance.integers(len(colors))]
                scene.blob(
                    box(x, y + 1.0 - height, x + width, y + 1.0),
                    Linear((x, 0), (x + width, 0), (lighter(color, 0.18), darker(color, 0.15))),
                    0.95,
                    0.035,
                )
            x += width + 0.03
        scene.blob(box(x0, y + 1.0, scene.right + 1, y + 1.10), lighter(wood, 0.15), 0.95, 0.03)
        del row
    pane = box(scene.left - 0.6, scene.top - 0.5, -1.15, 1.6)
    scene.blob(pane, rgb("ffffff"), 0.85, 0.12)
    scene.blob(pane, rgb("dff0fb"), 0.5, 0.3)
    for y in np.arange(scene.top - 0.3, 1.5, 0.24):
        scene.blob(box(scene.left - 0.6, y, -1.18, y + 0.09), mix(wall, rgb("b9c6cf"), 0.5), 0.5, 0.03)


def _home(scene: Scene, look: Look) -> None:
    light, deep = backdrop_of(look)
    wall = mix(light, rgb("f3e6d6"), 0.5)
    scene.wash(
        Linear((scene.left, scene.top), (scene.right, scene.bottom), (lighter(wall, 0.25), wall, mix(wall, deep, 0.45)))
    )
    frame = box(0.85, -2.2, 2.0, -0.75)
    scene.blob(shifted(frame, 0.07, 0.09), darker(deep, 0.5), 0.25, 0.10)
    scene.blob(frame, rgb("fbf8f2"), 1, 0.03)
    scene.blob(box(0.98, -2.07, 1.87, -0.88), mix(deep, rgb("e9b08a"), 0.5), 0.85, 0.03)
    scene.blob(ellipse((1.45, -1.25), 0.42, 0.36), mix(deep, rgb("ffffff"), 0.45), 0.9, 0.04)
    scene.blob(ellipse((1.62, -1.72), 0.15, 0.15), rgb("f7d27a"), 0.9, 0.03)
    leaf_colors = [rgb("6f9467"), rgb("557d58"), rgb("8db07b")]
    for index in range(9):
        angle = np.deg2rad(-150 + index * 16)
        tip = np.array((-2.0 + 1.5 * np.cos(angle) * 0.75, 1.55 + 1.9 * np.sin(angle)))
        root = np.array((-1.95, 1.75))
        middle = (tip + root) / 2
        normal = np.array((-(tip - root)[1], (tip - root)[0])) * 0.13
        leaf = curve([tuple(root), tuple(middle + normal), tuple(tip), tuple(middle - normal)], closed=True)
        scene.blob(leaf, leaf_colors[index % 3], 0.95, 0.035)
    scene.blob(curve([(-2.35, 1.7), (-1.55, 1.7), (-1.65, 2.6), (-2.25, 2.6)], closed=True), rgb("d99f78"), 1, 0.04)
    scene.blob(box(scene.left - 1, 2.5, scene.right + 1, scene.bottom + 1), mix(rgb("b98f68"), wall, 0.25), 0.9, 0.05)
    scene.blob(ellipse((2.3, -0.1), 1.3, 1.5), rgb("ffdf9e"), 0.38, 0.5)


def _nature(scene: Scene, look: Look) -> None:
    sky, deep = rgb("bfe0f2"), rgb("e8f3e4")
    scene.wash(Linear((0, scene.top), (0, scene.bottom), (sky, deep, rgb("b7d59a"), rgb("7fae6b"))))
    scene.blob(ellipse((1.5, -2.0), 1.2, 1.2), rgb("fff5d2"), 0.8, 0.5)
    spread = max(1.0, scene.right / 2.2)
    for x, y, rx, ry, color in (
        (-2.3, 1.7, 2.4, 1.0, "9cc68a"),
        (2.2, 1.9, 2.6, 1.1, "86b878"),
        (0.0, 3.0, 4.5, 1.2, "6fa565"),
    ):
        scene.blob(ellipse((x * spread, y), rx * spread, ry), rgb(color), 0.95, 0.12)
    for x, y, r in ((-2.1, 0.5, 0.95), (-1.5, 0.95, 0.6), (2.25, 0.3, 1.1), (1.7, 1.0, 0.6)):
        scene.blob(ellipse((x, y), r, r * 1.1), rgb("6c9c5c"), 0.85, 0.14)
        scene.blob(ellipse((x - 0.2, y - 0.3), r * 0.6, r * 0.6), rgb("98c07a"), 0.7, 0.16)
    scene.bokeh(
        16, [rgb("fdf6c9"), rgb("d4ecb4"), rgb("ffffff")], (scene.left, -2.2), (scene.right, 2.4), (0.08, 0.24), 0.34
    )
    del look


def _night(scene: Scene, look: Look) -> None:
    scene.wash(Linear((0, scene.top), (0, scene.bottom), (rgb("141a33"), rgb("25305a"), rgb("4a3a66"), rgb("2a2440"))))
    x = scene.left - 0.2
    while x < scene.right + 0.2:
        width, height = scene.chance.uniform(0.5, 0.95), scene.chance.uniform(0.8, 3.0)
        scene.blob(
            box(x, 2.2 - height, x + width, scene.bottom + 1),
            mix(rgb("1a2042"), rgb("2f2a55"), scene.chance.random()),
            0.9,
            0.05,
        )
        for _ in range(int(height * 6)):
            wx, wy = x + scene.chance.uniform(0.1, width - 0.1), 2.2 - height + scene.chance.uniform(0.15, height + 1.5)
            scene.blob(
                box(wx - 0.035, wy - 0.05, wx + 0.035, wy + 0.05), rgb("ffd98a"), scene.chance.uniform(0.3, 0.9), 0.02
            )
        x += width + 0.05
    warm = [rgb("ffb45e"), rgb("ff7f6b"), rgb("ffd98a"), rgb("7fb6ff"), rgb("c58bff")]
    scene.bokeh(26, warm, (scene.left, -0.6), (scene.right, 3.2), (0.10, 0.30), 0.50)
    del look
