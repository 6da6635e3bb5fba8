"""The look of the figures, and their files: the same drawing always gives the same bytes.

Widths are those of one and of two columns of a journal; letters have 7 points. Series differ in
colour, and also in line style, marker or hatch, for print in black and white.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

from deepimagetranslator.core.study.plan import Cell
from deepimagetranslator.core.study.reporting.blocks import Picture
from deepimagetranslator.core.system.atomic_write import write_bytes
from deepimagetranslator.core.version import PROGRAM

ONE_COLUMN, TWO_COLUMNS = 89.0, 183.0
"""Widths in millimetres."""
FOLDER = "figures"
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#888888")
"""Okabe and Ito's colours, which colour-blind people can tell apart."""
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (7, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*")
HATCHES = ("", "////", "....", "xxxx", "\\\\\\\\", "----", "++++", "oooo")

_INCH = 25.4
_DPI = 300
_MIME = {"png": "image/png", "svg": "image/svg+xml"}
_LOOK = {
    "font.family": "DejaVu Sans",
    "font.size": 7.0,
    "axes.titlesize": 7.0,
    "axes.labelsize": 7.0,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "legend.fontsize": 7.0,
    "figure.titlesize": 7.0,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.use_mathtext": False,
    "axes.unicode_minus": False,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.5,
    "hatch.linewidth": 0.4,
    "grid.linewidth": 0.4,
    "legend.frameon": False,
    "text.usetex": False,
    "text.parse_math": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "DeepImageTranslator",
    "pdf.fonttype": 42,
    "figure.dpi": _DPI,
}


@dataclass(frozen=True)
class Drawing:
    """A figure that is not written yet.

    Attributes:
        kind: see ``Picture``.
        name: of its files, without suffix.
        figure: the figure.
        caption: what it shows, of whom, and its source.
        alt: the same for those who cannot see it, shorter.
        cells: the runs from which it comes.
        raster: whether the HTML file holds it as PNG, since it consists of images; else as SVG.
    """

    kind: str
    name: str
    figure: Figure
    caption: str
    alt: str
    cells: tuple[Cell, ...]
    raster: bool = False


@contextmanager
def journal() -> Iterator[None]:
    """Inside the block figures are drawn and written with this look."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_LOOK)
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of so many millimetres."""
    return Figure(figsize=(width / _INCH, height / _INCH), layout="constrained")


def write(drawing: Drawing, source: str, folder: Path) -> Picture:
    """Write a figure as PNG, SVG and PDF, each of which names its source.

    Args:
        drawing: the figure.
        source: the runs in full.
        folder: the report's.

    Raises:
        UserError: a file cannot be written.
    """
    about = f"{drawing.caption} {source}"
    _lay_out(drawing.figure)
    contents = {
        "png": _saved(drawing.figure, "png", {"Software": None, "Description": about}),
        "svg": _saved(drawing.figure, "svg", {"Date": None, "Description": about}),
        "pdf": _saved(
            drawing.figure,
            "pdf",
            {"CreationDate": None, "Creator": PROGRAM, "Producer": None, "Subject": about},
        ),
    }
    names = {suffix: f"{FOLDER}/{drawing.name}.{suffix}" for suffix in contents}
    for suffix, content in contents.items():
        write_bytes(folder / names[suffix], content)
    shown = "png" if drawing.raster else "svg"
    width = drawing.figure.get_figwidth() * _INCH
    return Picture(
        drawing.kind,
        drawing.caption,
        drawing.alt,
        tuple(names.values()),
        contents[shown],
        _MIME[shown],
        round(width, 1),
    )


def lettered(names: list[str]) -> list[str]:
    """A short name for each of several: A, B, C and so on, or numbers for more than 26."""
    if len(names) > 26:
        return [str(number) for number in range(1, len(names) + 1)]
    return [chr(ord("A") + place) for place in range(len(names))]


def names_for(names: Sequence[str], noun: str) -> dict[str, str]:
    """How names are written in figures: as they are where the font has all of their characters,
    else the noun with a number, such as "person 3"."""
    drawn = get_font(findfont(str(_LOOK["font.family"]))).get_charmap()
    return {
        name: name if all(ord(x) in drawn for x in name) else f"{noun} {place}"
        for place, name in enumerate(names, 1)
    }


def key_of(names: Mapping[str, str]) -> str:
    """The sentence that says whom "person 3" means; empty if all names are written."""
    other = [f"{written}: {name}" for name, written in names.items() if written != name]
    return f"{'; '.join(other)}. " if other else ""


def of_size(size: int) -> str:
    """The sentence on the size of the training sets; empty if all images were trained on."""
    return f"Trained on {size} images. " if size else ""


def in_lines(name: str) -> str:
    """A variation's name with a line for each of its settings."""
    return name.replace("_", "\n")


def look_of_persons(persons: list[str]) -> dict[str, tuple[str, str]]:
    """Colour and marker of each person; all alike if there are more than can be told apart."""
    if len(persons) > len(MARKERS):
        return dict.fromkeys(persons, ("#555555", "o"))
    return {
        person: (COLOURS[place % len(COLOURS)], MARKERS[place])
        for place, person in enumerate(persons)
    }


def _lay_out(figure: Figure) -> None:
    """Place everything once, so that all files have the same layout."""
    FigureCanvasAgg(figure)
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")


def _saved(figure: Figure, suffix: str, metadata: dict[str, Any]) -> bytes:
    """The content of a file; ``savefig`` would draw everything twice, for the layout."""
    content = io.BytesIO()
    figure.set_dpi(_DPI)  # writing SVG and PDF changes it
    known = {name: _plain(value) for name, value in metadata.items()}
    if suffix == "png":
        FigureCanvasAgg(figure).print_png(content, metadata=known)
    elif suffix == "svg":
        FigureCanvasSVG(figure).print_svg(content, metadata=known)
    else:
        FigureCanvasPdf(figure).print_pdf(content, metadata=known)
    return content.getvalue()


def _plain(value: Any) -> Any:
    """A text without what no file's description can hold, such as half a character."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
