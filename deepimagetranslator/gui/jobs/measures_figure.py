"""The figure of an evaluation: Dice and SSIM of each image, by channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from deepimagetranslator.gui.theme.palette import Palette

_COLOURS = {"red": "#e05555", "green": "#4caf50", "blue": "#5b8def", "grey": "#9e9e9e"}
_DPI = 90


def draw_measures(
    rows: Sequence[Mapping[str, Any]], size: tuple[int, int], palette: Palette, scaling: float = 1
) -> Image.Image:
    """Draw the figure of an evaluation. Takes about 60 ms, so run it in a thread.

    Args:
        rows: image, channel and measures; the image "pooled" is the whole volume.
        size: width and height in pixels.
        palette: the colours.
        scaling: text size; 1 is for 96 dots per inch.

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
    images = list(dict.fromkeys(row["image"] for row in rows if row["image"] != "pooled"))
    channels = list(dict.fromkeys(row["channel"] for row in rows if row["channel"] != "all"))
    for axes, (name, title) in zip(
        figure.subplots(1, 2), (("dice", "Dice"), ("ssim", "SSIM")), strict=True
    ):
        axes.set_facecolor(palette.field)
        for channel in channels:
            own = {row["image"]: row.get(name) for row in rows if row["channel"] == channel}
            pooled = own.get("pooled")
            colour = _COLOURS.get(channel)
            (line,) = axes.plot(
                range(1, len(images) + 1),
                [own.get(image) for image in images],
                marker="o",
                markersize=4,
                linewidth=1,
                color=colour,
                label=f"{channel}, whole volume {pooled:.3f}" if pooled is not None else channel,
            )
            if pooled is not None:
                axes.axhline(pooled, color=line.get_color(), linewidth=1, linestyle=":")
        axes.set_title(title, color=palette.text)
        axes.set_xlabel("image", color=palette.muted)
        axes.tick_params(colors=palette.muted)
        axes.set_ylim(-0.02, 1.02)
        axes.grid(color=palette.border, alpha=0.4)
        for spine in axes.spines.values():
            spine.set_color(palette.border)
        axes.legend(frameon=False, labelcolor=palette.text, fontsize="small", loc="lower right")
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
