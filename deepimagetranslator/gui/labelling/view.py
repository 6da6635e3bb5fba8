"""Connects the labelling with the panes: layers, brush, mouse, keys and panel."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from tkinter import ttk

from deepimagetranslator.app.events import (
    Change,
    JobChanged,
    ViewLoaded,
    ViewTranslated,
    WeightsChanged,
)
from deepimagetranslator.app.labelling.changes import (
    LabellingChanged,
    LabellingNoticed,
    LabelMapShown,
    LabelsPainted,
    StatesChanged,
)
from deepimagetranslator.app.labelling.tool_choice import OPERATIONS, WITH_SIZE
from deepimagetranslator.app.session import Session
from deepimagetranslator.core.labelling.strokes import Point
from deepimagetranslator.gui.labelling.commands import LabelCommands
from deepimagetranslator.gui.labelling.keys import OPERATION_KEYS, TOOL_KEYS, Keys
from deepimagetranslator.gui.labelling.layer import LabelLayer
from deepimagetranslator.gui.labelling.loop_commands import LoopCommands
from deepimagetranslator.gui.labelling.loop_panel import LoopPanel
from deepimagetranslator.gui.labelling.panel import LabelPanel
from deepimagetranslator.gui.labelling.pointer import Pointer
from deepimagetranslator.gui.labelling.ring import show_outline, show_ring
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.viewer.image_canvas import ImageCanvas
from deepimagetranslator.gui.viewer.image_list import NARROW as LIST_WIDTH
from deepimagetranslator.gui.viewer.image_pane import Caption
from deepimagetranslator.gui.viewer.pane_group import PaneGroup

_LINE, _FAR_STEP, _SOON_MS, _LOOK_MS = 2, 10, 100, 100
TITLE = "Labels"
_NARROW = 400  # pixels at 100 per cent, for three panes


class LabellingView:
    """The labelling in the main window. It builds its widgets when the mode is first entered.

    Args:
        parent: the main window; the panel gets its column 3.
        column: the left column; what concerns all images gets its row 6.
        session: the state.
        panes: the panes to paint on.
        commands: what needs boxes or files.
        loop: what concerns all images.

    Attributes:
        panel: the panel beside the images; None before the mode was entered.
        loop: the part of the left column; None before the mode was entered.
        cursor: the pane and the point of the brush; None while it is nowhere.
    """

    def __init__(
        self,
        parent: ttk.Frame,
        column: ttk.Frame,
        session: Session,
        panes: PaneGroup,
        commands: LabelCommands,
        loop: LoopCommands,
    ) -> None:
        self._parent, self._column, self._session, self._panes = parent, column, session, panes
        self._commands, self._labelling = commands, session.labelling
        self._loop = loop
        self.panel: LabelPanel | None = None
        self.loop: LoopPanel | None = None
        self.cursor: tuple[str, Point] | None = None
        self._on = False
        self._area_id = self._look_id = ""
        self._before = "none", False
        self._canvases = {role: pane.canvas for role, pane in panes.panes.items()}
        self._layers = {
            role: LabelLayer(self._draw_items, solid=role == "target") for role in self._canvases
        }
        bus = session.bus
        bus.subscribe(LabellingChanged, self._on_change)
        bus.subscribe(StatesChanged, self._on_states)
        bus.subscribe(JobChanged, self._on_job)
        bus.subscribe(LabelMapShown, self._on_label_map)
        bus.subscribe(LabelsPainted, self._on_painted)
        bus.subscribe(LabellingNoticed, self._on_notice)
        bus.subscribe(ViewLoaded, self._on_label_map)
        bus.subscribe(ViewTranslated, self._on_label_map)
        bus.subscribe(WeightsChanged, self._on_label_map)

    # ---- the mode --------------------------------------------------------------------------

    def _on_change(self, _change: Change) -> None:
        if self._labelling.active != self._on:
            self._on = self._labelling.active
            if self._on:
                self._enter()
            else:
                self._leave()
        if self._on and self.panel is not None and self.loop is not None:
            self.panel.write()
            self.loop.write_reason()
            self._write_layers()
            self._show_brush()
            if self._labelling.editing.slow.name and not self._look_id:
                self._look()

    def _enter(self) -> None:
        if self.panel is None:
            self.panel = self._build()
        px = theme_of(self._parent).px
        assert self.loop is not None
        self.loop.grid(row=6, column=0, sticky="ew")
        self.loop.write()
        self.panel.grid(row=0, column=3, rowspan=2, sticky="ns", padx=(0, px(8)), pady=(px(8), 0))
        self._parent.update_idletasks()
        self.panel.limit(self._parent.winfo_height() - px(90))
        self._before = self._panes.overlay, self._panes.difference
        self._panes.set_overlay("none")
        self._panes.set_difference(False)
        self._pointer.attach()
        self._keys.attach()
        self._to_image()

    def _leave(self) -> None:
        self._pointer.detach()
        self._keys.detach()
        self.cursor = None
        self._cancel_calls()
        if self.panel is not None and self.loop is not None:
            self.panel.grid_remove()
            self.loop.grid_remove()
        self._panes.hide(())
        for canvas in self._canvases.values():
            canvas.set_layer(None)
        overlay, difference = self._before
        self._panes.set_overlay(overlay)
        self._panes.set_difference(difference)

    def _build(self) -> LabelPanel:
        panel = LabelPanel(
            self._parent, self._labelling, self._commands, self._loop, self._to_image
        )
        self.loop = LoopPanel(self._column, self._labelling, self._loop, self._to_image, LIST_WIDTH)
        editing = self._labelling.editing
        self._pointer = Pointer(
            self._canvases,
            self._shape,
            on_press=lambda point, role, line: self._labelling.editing.press(
                point, role, line=line
            ),
            on_drag=editing.drag,
            on_release=editing.release,
            on_double=self._close_outline,
            on_move=self._on_move,
            on_size=self._resize,
        )
        widgets = [*self._canvases.values(), self._parent.winfo_toplevel()]
        self._keys = Keys(widgets, self._key_actions(panel))
        self._parent.bind("<Destroy>", lambda _event: self._cancel_calls(), add=True)
        return panel

    def _key_actions(self, panel: LabelPanel) -> dict[str, Callable[[], object]]:
        labelling, guarded = self._labelling, self._commands.guarded
        actions: dict[str, Callable[[], object]] = {
            "<Control-z>": labelling.editing.undo,
            "<Control-y>": labelling.editing.redo,
            "<Control-Z>": labelling.editing.redo,
            "<Escape>": labelling.editing.cancel,
            "<BackSpace>": labelling.editing.drop_corner,
            "<Return>": self._click,
            "<KP_Enter>": self._click,
            "<bracketleft>": lambda: self._resize(-1),
            "<bracketright>": lambda: self._resize(1),
            "<Key-w>": panel.amounts.histogram.focus_set,
            "<Key-h>": lambda: self._flip("hidden"),
            "<Key-o>": lambda: self._flip("outline"),
            "<Key-D>": guarded(panel.toggle_done, "Done"),
            "<Key-U>": guarded(labelling.states.unlock, "Unlock"),
            "<Key-n>": self._loop.next,
            "<Key-m>": self._loop.least_sure,
            "<Key-a>": self._loop.draft,
            "<Key-T>": self._loop.train,
            "<Key-d>": guarded(self._loop.done_and_next, "Done"),
            "<Key-space>": lambda: setattr(self._pointer, "space", True),
            "<KeyRelease-space>": lambda: setattr(self._pointer, "space", False),
            "<Next>": lambda: self._session.viewer.step(1),
            "<Prior>": lambda: self._session.viewer.step(-1),
        }
        for name, key in TOOL_KEYS.items():
            actions[f"<Key-{key}>"] = partial(labelling.choose_tool, name)
        for name, key in OPERATION_KEYS.items():
            run = guarded(partial(labelling.editing.operate, name), OPERATIONS[name])
            actions[f"<Key-{key}>"] = run
        for place in range(1, 10):
            actions[f"<Key-{place}>"] = partial(labelling.choose_nth_class, place)
        steps = {"Left": (0, -1), "Right": (0, 1), "Up": (-1, 0), "Down": (1, 0)}
        for key, step in steps.items():
            actions[f"<{key}>"] = partial(self._step, step)
            actions[f"<Control-{key}>"] = partial(self._step, step, far=True)
            actions[f"<Shift-{key}>"] = partial(self._step, step, paint=True)
        return actions

    # ---- what is shown ---------------------------------------------------------------------

    def _on_states(self, _change: Change) -> None:
        if self._on and self.loop is not None:
            self.loop.write()

    def _on_job(self, _change: Change) -> None:
        if self.loop is not None:
            self.loop.write_job()

    def _on_label_map(self, _change: Change) -> None:
        if not (self._labelling.active and self._on) or self.panel is None:
            return
        self._hide_panes()
        if self.loop is not None:
            self.loop.write_reason()
        painter, pane = self._labelling.sheet.painter, self._panes.panes["target"]
        numbers = None if painter is None else painter.label_map.numbers
        for layer in self._layers.values():
            layer.numbers = numbers
        if numbers is not None:
            if pane.image is None or pane.image.base is not numbers:
                caption = Caption(TITLE, note="painted")
                self._panes.show("target", numbers[..., None], caption)
            # The prediction is drawn with the target's levels.
            pane.set_levels((0.0, self._panes.classes.high or 255.0))
        prediction = self._panes.panes["prediction"]
        if prediction.image is not None and prediction.image.dtype == "uint8":
            prediction.set_levels((0.0, self._panes.classes.high or 255.0))
        self.panel.write()
        self._write_layers()

    def _hide_panes(self) -> None:
        """Leave the room to the image: nothing is predicted without a network, and in a narrow
        place the labels lie over the image only."""
        if self._session.model.weights is None:
            self._panes.hide(("prediction",))
        else:
            narrow = self._panes.winfo_width() < theme_of(self._parent).px(_NARROW)
            self._panes.hide(("target",) if narrow else ())

    def _write_layers(self) -> None:
        choice, table = self._labelling.choice, self._labelling.classes.table
        for role, canvas in self._canvases.items():
            layer = self._layers[role]
            layer.outline = theme_of(canvas).px(_LINE) if choice.outline else 0
            seen = layer.numbers is not None and not (choice.hidden and not layer.solid)
            wanted = table, choice.opacity, frozenset(choice.unseen), layer.outline
            if seen and layer.changed(wanted):
                layer.set_classes(table, choice.opacity, choice.unseen)
                canvas.set_layer(layer)
            elif seen != (canvas.layer is layer):
                canvas.set_layer(layer if seen else None)

    def _on_painted(self, change: LabelsPainted) -> None:
        if not self._on:
            return
        for canvas in self._canvases.values():
            canvas.redraw_part(change.rect)
        if not self._area_id:
            self._area_id = self._parent.after(_SOON_MS, self._write_area)

    def _write_area(self) -> None:
        self._area_id = ""
        if self._on and self.panel is not None:
            self.panel.classes.write_area()

    def _on_notice(self, change: LabellingNoticed) -> None:
        if self.panel is not None:
            self.panel.say(change.text)

    def _look(self) -> None:
        """Show how far a slow tool is, now and then."""
        slow = self._labelling.editing.slow
        self._look_id = ""
        if self._on and slow.name and self.panel is not None:
            self.panel.say(f"{slow.name}: {slow.part:.0%} (Esc stops it)")
            self._look_id = self._parent.after(_LOOK_MS, self._look)

    # ---- the brush -------------------------------------------------------------------------

    def _on_move(self, role: str, point: Point | None) -> None:
        self.cursor = None if point is None else (role, point)
        self._show_brush()

    def _show_brush(self) -> None:
        for canvas in self._canvases.values():
            self._draw_items(canvas)

    def _draw_items(self, canvas: ImageCanvas) -> None:
        shape, painter = self._shape(), self._labelling.sheet.painter
        if not self._on or shape is None or painter is None:
            show_ring(canvas, None, 0, (1, 1))
            return
        choice = self._labelling.choice
        size = choice.size if choice.tool in WITH_SIZE else 0
        here = self.cursor is not None and canvas is self._canvases[self.cursor[0]]
        point = self.cursor[1] if self.cursor is not None and here else None
        show_ring(canvas, point, size, shape)
        show_outline(canvas, painter.corners, shape)

    def _shape(self) -> tuple[int, int] | None:
        painter = self._labelling.sheet.painter
        return None if painter is None else painter.shape

    def _resize(self, notches: float) -> None:
        self._labelling.choice.resize(notches)
        self._labelling.changed_choice()

    def _flip(self, name: str) -> None:
        choice = self._labelling.choice
        setattr(choice, name, not getattr(choice, name))
        self._labelling.changed_choice()

    def _close_outline(self) -> None:
        if self._labelling.choice.tool == "polygon":
            self._labelling.editing.close_outline()

    # ---- without a mouse -------------------------------------------------------------------

    def _click(self) -> None:
        """Use the tool at the brush; a polygon of three corners or more is closed."""
        painter = self._labelling.sheet.painter
        if painter is None:
            return
        role, point = self._at()
        corners = painter.corners
        if self._labelling.choice.tool == "polygon" and len(corners) > 2 and corners[-1] == point:
            self._labelling.editing.close_outline()
            return
        self._labelling.editing.press(point, role)
        self._labelling.editing.release()

    def _step(self, step: tuple[int, int], *, far: bool = False, paint: bool = False) -> None:
        """Move the brush by a pixel of the image, or by ten; painting if wanted."""
        if self._shape() is None:
            return
        role, (y, x) = self._at()
        length = _FAR_STEP if far else 1
        moved = y + step[0] * length, x + step[1] * length
        if paint and self._labelling.choice.tool in WITH_SIZE:
            self._labelling.editing.press((y, x), role)
            self._labelling.editing.drag(moved)
            self._labelling.editing.release()
        self._on_move(role, moved)

    def _at(self) -> tuple[str, Point]:
        """The brush's pane and point; at first the middle of the image."""
        shape = self._shape() or (1, 1)
        middle: Point = (shape[0] // 2 + 0.5, shape[1] // 2 + 0.5)
        return self.cursor or ("image", middle)

    def _to_image(self) -> None:
        self._canvases["image"].focus_set()

    def _cancel_calls(self) -> None:
        for call in filter(None, (self._area_id, self._look_id)):
            self._parent.after_cancel(call)
        self._area_id = self._look_id = ""
