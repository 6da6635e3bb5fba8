"""The three panes side by side with a common view, and the tools below them.

The tools overlay target or prediction on the image, and show the difference of prediction and
target.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Collection, Sequence
from functools import partial
from tkinter import ttk

import numpy as np

from deepimagetranslator.app.shown_classes import ShownClasses
from deepimagetranslator.core.data.domain.mark import DomainMark
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.data.intensity.windows import Window
from deepimagetranslator.core.export.confidence import ConfidenceMap
from deepimagetranslator.core.typing import Array
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.viewer import shading
from deepimagetranslator.gui.viewer.image_canvas import ZOOM_STEP, ImageCanvas, Place
from deepimagetranslator.gui.viewer.image_pane import Caption, ImagePane
from deepimagetranslator.gui.viewer.legend import Entry, Legend
from deepimagetranslator.gui.viewer.pane_sashes import PaneSashes
from deepimagetranslator.gui.viewer.pane_tools import (
    CONFIDENCE,
    OUTLINES,
    OVERLAYS,
    ROLES,
    PaneTools,
)
from deepimagetranslator.gui.viewer.shading import Levels
from deepimagetranslator.gui.viewer.viewport import FIT, View

TITLES = ("Original image", "Original target", "Predicted target")
_FULL_DRAG = 300  # a drag of so many pixels moves the centre by one width, or the width by 4 times
DOUBTFUL = "Doubtful prediction"
DIFFERENCE_TITLE = "Predicted − target"


class PaneGroup(ttk.Frame):
    """Image, target and prediction.

    Args:
        parent: the parent widget.
        titles: the texts above the three panes.
        on_pointer: called with text for the status bar ("x 212, y 130: image 87, target 255 0 0"),
            empty when the pointer leaves the images.
        on_overlay: called with the overlay that was chosen.

    Attributes:
        panes: the three panes by role: "image", "target", "prediction".
        tools: the row below the panes.
        overlay: what is drawn over the image: a role, "outlines" of both label maps, or "none";
            "confidence" is drawn over the prediction.
        legend: the classes of label maps, below the panes.
        overlay_part: the opacity of the overlay, 0 to 1.
        difference: whether the third pane shows prediction minus target.
        window: the display window of images with more than 8 bits: "training" (the intensity
            normalization of training), "own" (each image's own range) or "chosen".
    """

    def __init__(
        self,
        parent: tk.Misc,
        titles: Sequence[str] = TITLES,
        *,
        on_pointer: Callable[[str], None] | None = None,
        on_overlay: Callable[[str], object] | None = None,
    ) -> None:
        super().__init__(parent)
        self.on_pointer, self._on_overlay = on_pointer, on_overlay
        self._confidence: ConfidenceMap | None = None
        self.titles = dict(zip(ROLES, titles, strict=True))
        self.overlay, self.overlay_part, self.difference = "none", 0.5, False
        self.window = "training"
        self.classes = ShownClasses()
        self.unit = ""
        self._windows: dict[str, Window] = {}
        self._normalizations: dict[str, IntensityNormalization | None] = dict.fromkeys(ROLES)
        self._place: tuple[str, Place] | None = None
        self.sashes = PaneSashes(self)
        self.panes: dict[str, ImagePane] = {}
        for role, title in self.titles.items():
            pane = ImagePane(
                self.sashes,
                title,
                on_view=self.set_view,
                on_pointer=partial(self._on_pointer, role),
                on_window=partial(self._on_drag_window, role),
            )
            self.panes[role] = pane
        self.sashes.hold(self.panes.values())
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self.sashes.grid(row=0, column=0, sticky="nsew")
        self.legend = Legend(self)
        self.legend.grid(row=1, column=0, sticky="ew", pady=(theme_of(self).px(2), 0))
        self.legend.grid_remove()
        self.tools = PaneTools(self)
        self.tools.grid(row=2, column=0, sticky="ew", pady=(theme_of(self).px(8), 0))
        for pane in self.panes.values():
            pane.canvas.bind("<Configure>", lambda _: self.tools.write_zoom(), add=True)

    def show(
        self, role: str, image: Array | None, caption: Caption | None = None, hint: str = ""
    ) -> None:
        """Show an image in the pane "image", "target" or "prediction"; None shows the logo.

        The view stays. A prediction is drawn with the target's levels, so that the two can be
        compared.
        """
        pane = self.panes[role]
        levels = None
        if image is not None:
            levels, pane.offset = self._levels(role, image)
        pane.show(image, caption, levels=levels, hint=hint)
        if role == "prediction":
            self._confidence = None
        if role == "target":
            self._shade("prediction")
        self._refresh()

    def set_confidence(self, confidence: ConfidenceMap | None) -> None:
        """Set the confidence of the prediction that is shown; None if it is not known."""
        self._confidence = confidence
        self._refresh()

    def dim_prediction(self, note: str) -> None:
        """Draw the prediction faintly and only in its own pane, since the next one is awaited."""
        if self.panes["prediction"].image is not None:
            self.panes["prediction"].dim(note)
            self._refresh()

    def stack(self, on: bool) -> None:
        """Show the panes one below the other and without their texts, for a narrow place."""
        if on == self.sashes.stacked:
            return
        self.sashes.stack(on)
        for pane in self.panes.values():
            pane.set_brief(on)
        self._refresh()

    def hide(self, roles: Collection[str]) -> None:
        """Leave the panes of these roles out, and show all others."""
        self.sashes.hide([self.panes[role] for role in roles])

    def set_position(self, role: str, text: str) -> None:
        """Set the text above the right corner of a pane until another image is shown."""
        self.panes[role].set_position(text)

    def warn(self, mark: DomainMark | None) -> None:
        """Say over the prediction, until another one is shown, why its input is unlike the
        training images; None says nothing."""
        text = "" if mark is None else f"{DOUBTFUL}: {mark.reason}"
        self.panes["prediction"].banner.show(text)

    def set_normalizations(
        self, inputs: IntensityNormalization | None, targets: IntensityNormalization | None
    ) -> None:
        """Set the intensity normalization of training; None shows each image's own range."""
        normalizations = dict(zip(ROLES, (inputs, targets, targets), strict=True))
        if normalizations != self._normalizations:
            self._normalizations = normalizations
            self._shade(*ROLES)
            self._refresh()

    def set_classes(self, classes: ShownClasses) -> None:
        """Set the classes of targets and predictions; none if they are not label maps."""
        if classes != self.classes:
            self.classes = classes
            self._shade("target", "prediction")
            self._refresh()

    def set_unit(self, unit: str) -> None:
        """Set the unit of the image's values, such as "HU"; empty if it has none."""
        self.unit = unit
        self._report_pointer()

    def show_window(self, window: Window | str) -> None:
        """Show images of more than 8 bits with a window, or "training" or "own"; see ``window``."""
        self.window = "chosen" if isinstance(window, Window) else window
        self._windows = dict.fromkeys(ROLES, window) if isinstance(window, Window) else {}
        self._shade(*ROLES)
        self._refresh()

    def has_deep_image(self) -> bool:
        """Whether a pane shows an image of more than 8 bits."""
        return any(shading.is_deep(pane.image) for pane in self.panes.values())

    def shown_window(self, role: str) -> Window:
        """The range of values that a pane shows from black to white, with the offset added."""
        pane = self.panes[role]
        low, high = (level + pane.offset for level in pane.levels)
        return Window.between(low, high)

    def _on_drag_window(self, role: str, right: int, down: int) -> None:
        """Change the window as radiology viewers do: to the right is wider, down is darker."""
        if not shading.is_deep(self.panes[role].image):
            return
        now, reach = self.shown_window(role), theme_of(self).px(_FULL_DRAG)
        moved = Window(now.centre + now.width * down / reach, now.width * 2 ** (2 * right / reach))
        # Panes with the same window keep the same one, so that they can be compared.
        alike = [other for other in ROLES if self.shown_window(other) == now]
        self.window = "chosen"
        self._windows |= dict.fromkeys(alike, moved)
        self._shade(*ROLES)
        self._refresh()

    def _shade(self, *roles: str) -> None:
        """Update the levels of the panes of these roles."""
        for role in ROLES:  # in this order, since the prediction takes the target's levels
            pane = self.panes[role]
            if role in roles and pane.image is not None:
                pane.set_levels(*self._levels(role, pane.image))

    def _levels(self, role: str, image: Array) -> tuple[Levels, float]:
        """The levels in the file's values, and the offset for values shown as text."""
        target, normalization = self.panes["target"], self._normalizations[role]
        if role == "prediction" and target.image is not None and target.image.dtype == image.dtype:
            return target.levels, target.offset
        if role != "image" and self.classes.high is not None and image.dtype == np.uint8:
            return (0.0, max(1.0, self.classes.high)), 0.0
        offset = normalization.offset_of(image) if normalization is not None else 0.0
        if role in self._windows and shading.is_deep(image):
            window = self._windows[role]
            return (window.low - offset, window.high - offset), offset
        return shading.levels_of(image, normalization if self.window != "own" else None), offset

    def image(self, role: str) -> Array | None:
        """The image in that pane; None if there is none."""
        return self.panes[role].image

    @property
    def view(self) -> View:
        """The common view of all panes."""
        return self.panes["image"].canvas.view

    def set_view(self, view: View) -> None:
        """Set the view of all panes."""
        for pane in self.panes.values():
            pane.canvas.set_view(view)
        self.tools.write_zoom()
        self._mark()

    def role_at(self, x: int, y: int) -> str:
        """The role of the pane at a place on the screen; empty if there is none."""
        for role, pane in self.panes.items():
            across, down = x - pane.winfo_rootx(), y - pane.winfo_rooty()
            if (
                pane.winfo_viewable()
                and 0 <= across < pane.winfo_width()
                and 0 <= down < pane.winfo_height()
            ):
                return role
        return ""

    def zoom_in(self) -> None:
        """Zoom in by one step."""
        self._lead().zoom(ZOOM_STEP)

    def zoom_out(self) -> None:
        """Zoom out by one step."""
        self._lead().zoom(1 / ZOOM_STEP)

    def fit(self) -> None:
        """Show the whole images."""
        self.set_view(FIT)

    def true_size(self) -> None:
        """Show one image pixel per screen pixel."""
        self._lead().true_size()

    def set_overlay(self, role: str, part: float | None = None) -> None:
        """Draw "target", "prediction" or "outlines" over the image, or "confidence" over the
        prediction; "none" removes the overlay.

        Args:
            role: the overlay.
            part: its opacity, 0 to 1; None keeps it.
        """
        assert role in OVERLAYS, role
        self.overlay = role
        if part is not None:
            self.overlay_part = min(1.0, max(0.0, part))
        self._refresh()
        if self._on_overlay is not None:
            self._on_overlay(role)

    def set_difference(self, on: bool) -> None:
        """Show prediction minus target in the third pane, if there are both."""
        self.difference = on
        self._refresh()

    def scale(self) -> float | None:
        """Screen pixels per image pixel; None if there is no image."""
        lead = self._lead()
        return None if lead.image is None else lead.rect().scale(lead.image)

    def _lead(self) -> ImageCanvas:
        """The first pane with an image."""
        canvases = [pane.canvas for pane in self.panes.values()]
        return next((canvas for canvas in canvases if canvas.image is not None), canvases[0])

    def _refresh(self) -> None:
        image, target, prediction = (self.panes[role] for role in ROLES)
        above = self.panes[self.overlay] if self.overlay in ROLES else None
        if above is None or above.image is None or above.canvas.dimmed:
            image.canvas.set_overlay(None)
        else:
            image.canvas.set_overlay(above.image, above.levels, self.overlay_part)
        lined = self.overlay == OUTLINES and bool(self.classes.classes)
        shown = None if prediction.canvas.dimmed else prediction.image
        labels = (target.image, shown) if lined else (None, None)
        image.canvas.set_outlines(*labels)
        self._write_legend(labels)
        confidence = self._shown_confidence()
        if confidence is None or prediction.image is None or self.difference:
            prediction.canvas.set_overlay(None)
        else:
            marked = shading.uncertain_marked(prediction.image, prediction.levels, confidence)
            prediction.canvas.set_overlay(marked, (0.0, 255.0), self.overlay_part)
        both = prediction.image is not None and target.image is not None
        apart = self.difference and both and not prediction.canvas.dimmed
        prediction.set_minus(target.image if apart else None)
        prediction.set_title(DIFFERENCE_TITLE if apart else self.titles["prediction"])
        self.tools.write()
        self._report_pointer()

    def _shown_confidence(self) -> ConfidenceMap | None:
        """The confidence to draw over the prediction; None if it is not wanted or not known."""
        wanted = self.overlay == CONFIDENCE and not self.panes["prediction"].canvas.dimmed
        return self._confidence if wanted else None

    def _write_legend(self, outlines: Sequence[Array | None]) -> None:
        target, predicted = (labels is not None for labels in outlines)
        lines = [
            Entry(text, "#{:02x}{:02x}{:02x}".format(*colour), line=True)
            for text, colour, shown in (
                ("target", shading.TARGET_LINE, target),
                ("prediction", shading.PREDICTED_LINE, predicted),
                ("both", shading.BOTH_LINE, target and predicted),
            )
            if shown
        ]
        confidence = self._shown_confidence()
        if confidence is not None:
            colour = "#{:02x}{:02x}{:02x}".format(*shading.UNCERTAIN)
            lines.append(Entry(shading.uncertain_words(confidence), colour))
        self.legend.show([*lines, *(Entry(c.name, c.colour) for c in self.classes.classes)])
        if self.legend.entries and not self.sashes.stacked:
            self.legend.grid()
        else:
            self.legend.grid_remove()

    def _on_pointer(self, role: str, place: Place | None) -> None:
        self._place = None if place is None else (role, place)
        self._mark()
        self._report_pointer()

    def _mark(self) -> None:
        for role, pane in self.panes.items():
            elsewhere = self._place is not None and self._place[0] != role
            pane.canvas.set_marker(
                self._place[1] if self._place is not None and elsewhere else None
            )

    def _report_pointer(self) -> None:
        if self.on_pointer is None:
            return
        if self._place is None:
            self.on_pointer("")
            return
        role, (u, v) = self._place
        under = self.panes[role].image
        if under is None:
            self.on_pointer("")
            return
        values = [f"{role} {words}" for role in ROLES if (words := self._value_words(role, u, v))]
        x, y = int(u * under.shape[1]), int(v * under.shape[0])
        self.on_pointer(f"x {x}, y {y}: {', '.join(values)}")

    def _value_words(self, role: str, u: float, v: float) -> str:
        """The values at a position with their unit or class; empty if there is no image."""
        pane = self.panes[role]
        if pane.image is None or pane.canvas.dimmed:
            return ""
        words = shading.value_words(pane.image, u, v, pane.offset)
        if role == "image":
            return f"{words} {self.unit}".strip()
        name = self.classes.name_of(shading.values_at(pane.image, u, v))
        words = f"{words} ({name})" if name else words
        confidence = self._shown_confidence() if role == "prediction" else None
        if confidence is None:
            return words
        return f"{words}, {shading.confidence_words(confidence, u, v)}"
