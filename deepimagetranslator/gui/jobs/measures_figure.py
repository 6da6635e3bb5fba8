"""The figure of an evaluation: a box and a dot for each image, by channel."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from deepimagetranslator.core.evaluation.table import POOLED
from deepimagetranslator.gui.theme.palette import Palette

_COLOURS = {"red": "#e05555", "green": "#4caf50", "blue": "#5b8def", "grey": "#9e9e9e"}
_DPI = 90
_LABELS, _VALUES = (("dice", "Dice"), ("ssim", "SSIM")), (("psnr", "PSNR (dB)"), ("ssim", "SSIM"))
_BOX, _SPREAD = 0.5, 0.18  # widths as fractions of the distance between two channels
_SHORT = 14  # letters of a channel's name on the axis


def draw_measures(
    rows: Sequence[Mapping[str, Any]],
    size: tuple[int, int],
    palette: Palette,
    scaling: float = 1,
    labels: bool = True,
) -> Image.Image:
    """Draw the figure of an evaluation. Takes about 100 ms, so run it in a thread.

    The vertical axes show the range of the images' values, so that differences can be seen.

    Args:
        rows: image, channel and measures; the image "pooled" is the whole volume.
        size: width and height in pixels.
        palette: the colours.
        scaling: text size; 1 is for 96 dots per inch.
        labels: draw Dice and SSIM, for label maps; else PSNR and SSIM.

    Returns:
        An RGB picture of that size.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    dpi = _DPI * scaling
    figure = Figure(
        figsize=(size[0] / dpi, size[1] / dpi),
        dpi=dpi,
        layout="constrained",
        facecolor=palette.background,
    )
    canvas = FigureCanvasAgg(figure)
    measures = _LABELS if labels else _VALUES
    for axes, (name, title) in zip(figure.subplots(1, len(measures)), measures, strict=True):
        _draw_measure(axes, rows, name, palette)
        axes.set_title(title, color=palette.text, fontsize=10, fontweight="bold", loc="left")
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def _draw_measure(
    axes: Any, rows: Sequence[Mapping[str, Any]], name: str, palette: Palette
) -> None:
    channels = list(dict.fromkeys(row["channel"] for row in rows if row["channel"] != "all"))
    axes.set_facecolor(palette.field)
    for place, channel in enumerate(channels):
        own = [row for row in rows if row["channel"] == channel]
        images = [row for row in own if row["image"] != POOLED]
        known, inputs = _known(images, name), _known(images, f"input_{name}")
        colour = _COLOURS.get(channel, palette.series[place % len(palette.series)])
        _draw_channel(axes, place, known, colour, palette)
        _draw_inputs(axes, place, inputs, palette)
        whole = next((float(row[name]) for row in own if row["image"] == POOLED), math.nan)
        if math.isfinite(whole):
            edge = {"color": palette.text, "linewidths": 1.6, "linestyles": ":"}
            axes.hlines(whole, place - _BOX / 2, place + _BOX / 2, **edge)
    axes.set_xticks(range(len(channels)), [_short(str(channel)) for channel in channels])
    axes.set_xlim(-0.6, len(channels) - 0.4)
    axes.margins(y=0.08)
    axes.tick_params(colors=palette.muted, labelsize=8.5)
    axes.grid(axis="y", color=palette.border, alpha=0.4, linewidth=0.6)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(palette.border)


def _known(rows: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    """The finite values of a measure."""
    values = (float(row.get(name, math.nan)) for row in rows)
    return [value for value in values if math.isfinite(value)]


def _draw_channel(
    axes: Any, place: int, values: Sequence[float], colour: str, palette: Palette
) -> None:
    """Draw quartiles as a box with whiskers, and every value as a dot."""
    if not values:
        return
    line = {"color": palette.text, "linewidth": 1.0}
    axes.boxplot(
        [values],
        positions=[place],
        widths=_BOX,
        showfliers=False,
        manage_ticks=False,
        boxprops=line,
        whiskerprops=line,
        capprops=line,
        medianprops={"color": palette.text, "linewidth": 1.8},
    )
    # Fixed offsets, so that the same values give the same picture.
    beside = np.random.default_rng(1).uniform(-_SPREAD, _SPREAD, len(values))
    alpha = min(0.85, max(0.15, 60 / len(values)))
    dots = {"s": 14, "color": colour, "alpha": alpha, "linewidths": 0, "zorder": 3}
    axes.scatter(place + beside, values, **dots)


def _draw_inputs(axes: Any, place: int, values: Sequence[float], palette: Palette) -> None:
    """Draw the value of each input itself as a circle to the right of its channel."""
    look = {"s": 14, "facecolors": "none", "edgecolors": palette.text, "linewidths": 0.7}
    alpha = min(0.85, max(0.3, 60 / max(1, len(values))))
    axes.scatter([place + _BOX / 2 + _SPREAD / 2] * len(values), values, alpha=alpha, **look)


def _short(name: str) -> str:
    return name if len(name) <= _SHORT else f"{name[: _SHORT - 1]}…"
