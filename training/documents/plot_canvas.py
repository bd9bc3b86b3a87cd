"""Draws plots with matplotlib as small SVGs that are legible on light and on dark pages.

The same numbers give the same bytes.
"""

import io
import re
import warnings
from collections.abc import Callable

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter

from evergreen.number_text import number
from training.documents.document import Figure

# Mid-tones, which stand out from white and from near-black.
ACCENT = "#2f8f6b"
SECOND = "#c98a1b"
INK = "#76807b"
SERIES = (ACCENT, "#3f7fd0", SECOND, "#b0559c", "#cf5060", "#7a74d0", "#4f9aa6", "#8c8f3c")
POINT_SIZE = 3.0
_WIDTH = 5.2  # inches

_STYLE = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 9,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.facecolor": "none",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": INK,
    "grid.alpha": 0.22,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
}
# Ids of the drawing's groups. Nothing refers to them, and they would occur again in the next drawing of a page.
_GROUP_ID = re.compile(r' id="[A-Za-z0-9.]+_\d+"')


def figure(name: str, fill: Callable[[Axes], None], *, caption: str, label: str, height: float = 3.6) -> Figure:
    """A drawing of one pair of axes, which `fill` draws on, in the file plot-`name`.svg.

    Args:
        name: unique within a page, since the ids in the SVG are made from it.
        label: what the drawing shows, for readers who do not see it.
        height: in inches; all drawings have the same width.
    """
    return Figure(name=f"plot-{name}.svg", caption=caption, label=label, svg=_draw(name, fill, height=height))


def _draw(name: str, fill: Callable[[Axes], None], *, height: float) -> str:
    with matplotlib.style.context(["default", {**_STYLE, "svg.hashsalt": name}]), warnings.catch_warnings():
        # The reader's fonts draw the text, so that matplotlib may lack a glyph.
        warnings.filterwarnings("ignore", message="Glyph")
        canvas = Canvas(figsize=(_WIDTH, height), layout="constrained")
        FigureCanvasSVG(canvas)
        fill(canvas.subplots())
        stream = io.StringIO()
        canvas.savefig(stream, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return _GROUP_ID.sub("", stream.getvalue())


def in_words(*axes: Axis, text: Callable[[float], str] = number) -> None:
    """Label the ticks with numbers as the tables write them."""
    for axis in axes:
        axis.set_major_formatter(FuncFormatter(lambda value, _: text(value)))
