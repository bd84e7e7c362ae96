"""Draw learning curves of training runs as an SVG picture for documents:
``python -m benchmarks.curves --output X.svg NAME=FOLDER,FOLDER ...``.

Runs with the same name are repetitions. They share a colour, and each run is a thin line over environment steps. The
curves are smoothed over two per cent of a run. Each ``--mark NAME=VALUE`` adds a dashed line.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from training.files import read_progress

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 320, 62, 150, 16, 44
POINTS, LABEL_HEIGHT = 150, 14.0
COLOURS = ("#2a6f97", "#c1533b", "#4c8c4a", "#8a6bb1")
Curve = tuple[np.ndarray, np.ndarray]


def read_curve(folder: Path, figure: str) -> Curve:
    """Return the steps and the smoothed figure of a run; iterations without the figure are left out."""
    lines = [line for line in read_progress(folder) if line.get(figure) is not None]
    steps, values = (np.array([line[name] for line in lines], float) for name in ("steps", figure))
    width = max(1, len(values) // 50)
    kernel = np.ones(width) / width
    smooth, thin = np.convolve(values, kernel, "valid"), max(1, len(values) // POINTS)
    return steps[width - 1 :][::thin], smooth[::thin]


def round_ticks(low: float, high: float, count: int = 5) -> np.ndarray:
    """Return about ``count`` round numbers between two numbers."""
    raw = (high - low) / count
    unit = 10.0 ** np.floor(np.log10(raw))
    step = unit * min((1, 2, 5, 10), key=lambda factor: abs(factor * unit - raw))
    return np.round(np.arange(np.ceil(low / step) * step, high + step / 1e6, step), 12)


class Chart:
    """An SVG with one pair of axes."""

    def __init__(self, steps: float, low: float, high: float, title: str) -> None:
        self.steps, self.low, self.high = steps, low, high
        self.parts: list[str] = []
        for value in round_ticks(low, high):
            y = self.y(value)
            self.line(LEFT, y, WIDTH - RIGHT, y, "#8884", "")
            self.text(LEFT - 8, y + 4, f"{value + 0.0:g}", "end")
        for value in round_ticks(0.0, steps):
            self.text(self.x(value), HEIGHT - BOTTOM + 18, f"{value / 1e6:g}", "middle")
        self.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, "million steps of the environment", "middle")
        self.text(LEFT, TOP - 4, title, "start")

    def x(self, steps: float) -> float:
        """Convert steps to pixels from the left."""
        return LEFT + steps / self.steps * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Convert a value to pixels from the top."""
        return HEIGHT - BOTTOM - (value - self.low) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str, dashes: str) -> None:
        """Draw a straight line."""
        self.parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
            f'stroke-dasharray="{dashes}"/>'
        )

    def text(self, x: float, y: float, text: str, anchor: str, colour: str = "#777") -> None:
        """Draw a text."""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>')

    def curve(self, curve: Curve, colour: str) -> None:
        """Draw a learning curve."""
        points = " ".join(f"{self.x(steps):.1f},{self.y(value):.1f}" for steps, value in zip(*curve, strict=True))
        self.parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.4"/>')

    def svg(self) -> str:
        """Return the SVG document."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
            f'font-size="12">'
        )
        return "\n".join([head, *self.parts, "</svg>", ""])


def draw(groups: dict[str, list[Curve]], marks: dict[str, float], title: str) -> str:
    """Return the SVG of groups of curves with marked values."""
    curves = [curve for group in groups.values() for curve in group]
    values = np.concatenate([curve[1] for curve in curves] + [np.array(list(marks.values()))])
    margin = 0.05 * (values.max() - values.min())
    chart = Chart(max(curve[0].max() for curve in curves), values.min() - margin, values.max() + margin, title)
    labels: list[tuple[float, str, str]] = []
    for name, value in marks.items():
        chart.line(LEFT, chart.y(value), WIDTH - RIGHT, chart.y(value), "#777", "4 4")
        labels.append((chart.y(value), name, "#777"))
    for number, (name, group) in enumerate(groups.items()):
        colour = COLOURS[number % len(COLOURS)]
        for curve in group:
            chart.curve(curve, colour)
        last = float(np.mean([curve[1][-1] for curve in group]))
        labels.append((chart.y(last), name, colour))
    y = 0.0
    for wanted, name, colour in sorted(labels):
        y = max(wanted, y + LABEL_HEIGHT)
        chart.text(WIDTH - RIGHT + 6, y + 4, name, "start", colour)
    return chart.svg()


def main(arguments: list[str] | None = None) -> int:
    """Run the command. Return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.curves", description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="NAME=FOLDER,FOLDER")
    parser.add_argument("--figure", default="target_reward", help="name of the progress figure to draw")
    parser.add_argument("--title", default="normalised reward of the targets, in training")
    parser.add_argument("--mark", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    groups = {}
    for run in options.runs:
        name, _, folders = run.partition("=")
        groups[name] = [read_curve(Path(folder), options.figure) for folder in folders.split(",")]
    marks = {name: float(value) for name, _, value in (mark.partition("=") for mark in options.mark)}
    options.output.write_text(draw(groups, marks, options.title))
    return 0


if __name__ == "__main__":
    sys.exit(main())
