"""The main window: menus, the left column, three panes, a slider through the images, a status bar.

It shows the session's state and passes the user's input to ``Actions``.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tkinter import ttk

from deepimagetranslator.app.events import (
    Change,
    ProjectChanged,
    ReadingEnded,
    ViewLoaded,
    ViewScored,
    ViewTranslated,
    WeightsChanged,
)
from deepimagetranslator.app.session import Session
from deepimagetranslator.app.views import PARTS
from deepimagetranslator.core.typing import Array
from deepimagetranslator.gui.actions.actions import Actions
from deepimagetranslator.gui.labelling.view import LabellingView
from deepimagetranslator.gui.menus import build_menus
from deepimagetranslator.gui.status_bar import StatusBar
from deepimagetranslator.gui.system_dialogs import Boxes
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.viewer.hints import hints
from deepimagetranslator.gui.viewer.image_list import NARROW, WIDTH, ImageList
from deepimagetranslator.gui.viewer.image_pane import Caption
from deepimagetranslator.gui.viewer.listed_images import ListedImages
from deepimagetranslator.gui.viewer.pane_group import PaneGroup
from deepimagetranslator.gui.viewer.pane_tools import CONFIDENCE
from deepimagetranslator.gui.viewer.start_page import StartActions, StartPage
from deepimagetranslator.gui.widgets.beside import MOVED, covered
from deepimagetranslator.gui.widgets.dropping import accept_files
from deepimagetranslator.gui.widgets.keys import for_window
from deepimagetranslator.gui.widgets.screens import Area

PROGRAM = "DeepImageTranslator"
LOAD_PAIR = "Load folder pair"
_LEAST_ROOM = 130
"""The narrowest strip beside a dialog that images are shown in, in pixels at 100 per cent."""
_SOON_MS = 50
LIST_ROW = 7
"""The row of the left column in which the list lies while labels are painted."""
DROP_HINT = "Files and folders can also be dropped here."


class MainWindow(ttk.Frame):
    """The content of the root window.

    Args:
        root: the root with its theme.
        session: the state that is shown.
        boxes: file pickers and message boxes.
        leave: ends the program.

    Attributes:
        actions: the actions of the menus.
        labelling: painting of label maps in the panes.
        panes: the three panes.
        status, progress: the text at the bottom right, and the bar beside it.
        takes_drops: whether files can be dropped onto the window on this system.
    """

    def __init__(
        self, root: tk.Tk, session: Session, boxes: Boxes, leave: Callable[[], None]
    ) -> None:
        super().__init__(root)
        self.root = root
        self.session = session
        self.viewer = session.viewer
        self._boxes = boxes
        self.augmented = tk.BooleanVar(self, session.viewer.augmented)
        self._moving_scrubber = False
        self._beside_dialog = False
        self._moving_panes = ""
        self._generation = -1
        self._awaited: object = None
        self._predicted: object = None
        self.actions = Actions(root, session, boxes, leave)
        self._build()
        self.menus = build_menus(root, self.actions, self.panes, boxes)
        self._add_list_entry()
        self._bind_keys()
        self.takes_drops = accept_files(self, self.take_dropped)
        if self.takes_drops:
            self.start.show_hint(DROP_HINT)
        self._listen()
        self.labelling = LabellingView(
            self, self._column, session, self.panes, self.actions.labels, self.actions.loop
        )
        self._show_start()
        self._write_title()
        self.write_parts()

    # ---- building --------------------------------------------------------------------------

    def _build(self) -> None:
        px = theme_of(self).px
        self.columnconfigure(1, weight=1)
        self.rowconfigure(0, weight=1)
        self._column = self._build_column()
        self._column.grid(row=0, column=0, sticky="ns", padx=px(8), pady=px(8))
        bar = StatusBar(self, self.session)
        bar.grid(row=2, column=0, columnspan=4, sticky="ew")
        self.status, self.progress = bar.status, bar.progress
        self.panes = PaneGroup(self, on_pointer=bar.pointer.set, on_overlay=self._on_overlay)
        self.panes.grid(row=0, column=1, sticky="nsew", padx=(0, px(8)), pady=(px(8), 0))
        self.scrubber = ttk.Scale(self, from_=0, to=1, command=self._on_scrub)
        self.scrubber.grid(row=1, column=1, sticky="ew", padx=(0, px(8)), pady=px(6))
        self.list = ListedImages(
            self,
            self.session,
            self._place_list,
            self.panes.panes["image"].canvas.focus_set,
        )
        self.images, self.listed, self.toggle_list = (
            self.list.images,
            self.list.listed,
            self.list.toggle,
        )
        self.start = StartPage(self, self.session.background, self._start_actions())

    def _start_actions(self) -> StartActions:
        file, guarded = self.actions.file, self._boxes.guarded
        return StartActions(
            load_pair=lambda goal: guarded(partial(file.load_folder_pair, goal), LOAD_PAIR)(),
            others={
                f"{LOAD_PAIR}...": guarded(file.load_folder_pair, LOAD_PAIR),
                "Load persons...": guarded(file.load_persons, "Load persons"),
                "Load images to label...": guarded(self.actions.loop.load, "Load images to label"),
                "Load sample images": guarded(file.load_sample, "Load sample images"),
                "Open project...": guarded(file.open_project, "Open project"),
            },
            open_project=lambda path: guarded(partial(file.open_path, path), "Open project")(),
            recent=file.recent,
        )

    def _build_column(self) -> ttk.Frame:
        """The left column, as in 2021: buttons for the parts, then next and previous image."""
        px = theme_of(self).px
        column = ttk.Frame(self)
        column.rowconfigure(LIST_ROW, weight=1)
        self.part_buttons: dict[str, ttk.Button] = {}
        for row, part in enumerate(PARTS):
            button = ttk.Button(
                column,
                text=part.capitalize(),
                command=lambda part=part: self.viewer.show_part(part),  # type: ignore[misc]
            )
            button.grid(row=row, column=0, sticky="ew", pady=(0, px(4)))
            self.part_buttons[part] = button
        self.next_button = ttk.Button(column, text=">", command=lambda: self.viewer.step(1))
        self.next_button.grid(row=3, column=0, sticky="ew", pady=(px(8), px(4)))
        self.previous_button = ttk.Button(column, text="<", command=lambda: self.viewer.step(-1))
        self.previous_button.grid(row=4, column=0, sticky="ew")
        self.augment_tick = ttk.Checkbutton(
            column, text="Augmented", variable=self.augmented, command=self.toggle_augmented
        )
        self.augment_tick.grid(row=5, column=0, sticky="w", pady=(px(12), 0))
        return column

    def _add_list_entry(self) -> None:
        """Add View > Image list, with a tick while the list is shown."""
        menu = self.menus["View"]
        menu.add_separator()
        menu.add_checkbutton(
            label="Image list", underline=3, variable=self.listed, command=self.toggle_list
        )

    def _bind_keys(self) -> None:
        viewer, actions = self.viewer, self.actions
        keys: dict[str, tuple[str, Callable[[], object]]] = {
            "<Right>": ("Next image", lambda: viewer.step(1)),
            "<Left>": ("Previous image", lambda: viewer.step(-1)),
            "<Home>": ("First image", lambda: viewer.go(0)),
            "<End>": ("Last image", lambda: viewer.go(-1)),
            "<Control-o>": ("Open project", actions.file.open_project),
            "<Control-s>": ("Save project", actions.file.save_project),
            "<Control-q>": ("Exit", actions.file.leave),
            "<F4>": ("Check data", actions.data.check_data),
            "<F5>": ("Train model", actions.train.start),
            "<F6>": ("Paint labels", actions.labels.toggle),
            "<F1>": ("Guide", actions.help.show_guide),
        }
        for key, (name, action) in keys.items():
            self.root.bind(key, for_window(self.root, self._boxes.guarded(action, name)))

        self.root.bind(MOVED, self._make_room_soon, add=True)
        self.bind("<Configure>", self._make_room_soon, add=True)

    def _listen(self) -> None:
        bus = self.session.bus
        bus.subscribe(ViewLoaded, self._on_view)
        bus.subscribe(ViewTranslated, self._on_translation)
        bus.subscribe(ViewScored, self._on_score)
        bus.subscribe(ReadingEnded, self._on_project)
        bus.subscribe(ProjectChanged, self._on_project)
        bus.subscribe(WeightsChanged, self._on_project)

    # ---- input of the user -----------------------------------------------------------------

    def toggle_augmented(self) -> None:
        """Show the images with or without augmentation, as the check box says."""
        self.viewer.show_augmented(self.augmented.get())

    def _on_overlay(self, overlay: str) -> None:
        self.viewer.show_confidence(overlay == CONFIDENCE)

    def take_dropped(self, paths: Sequence[Path], x: int, y: int) -> None:
        """Load files that were dropped at a place on the screen."""
        role = self.panes.role_at(x, y) if self.panes.winfo_ismapped() else ""
        self._boxes.guarded(lambda: self.actions.drop.drop(paths, role), "Load dropped files")()

    def _on_scrub(self, value: str) -> None:
        index = round(float(value))
        if not self._moving_scrubber and index != self.viewer.positions[self.viewer.part]:
            self.viewer.go(index)

    # ---- changes of the session ------------------------------------------------------------

    def _on_project(self, _change: Change) -> None:
        self.panes.set_normalizations(*self.viewer.normalizations())
        self.panes.set_classes(self.viewer.classes())
        self._write_title()
        self.write_parts()

    def _on_view(self, change: ViewLoaded) -> None:
        shown = change.shown
        wanted = shown.wanted
        if self._generation != self.viewer.generation:
            self._generation = self.viewer.generation
            self.panes.fit()
        self._awaited = wanted.input, wanted.dataset is not None
        self.panes.set_normalizations(*self.viewer.normalizations())
        self.panes.set_classes(self.viewer.classes())
        position = f"{wanted.index + 1} / {wanted.count}" if wanted.count else ""
        has_model = self.session.model.weights is not None
        texts = dict(hints(wanted.part, has_model))
        for role, path in (("image", wanted.input), ("target", wanted.target)):
            for problem in shown.problems:
                if path is not None and str(path) in problem:
                    texts[role] = problem
        names = {"image": wanted.input, "target": wanted.target, "prediction": wanted.output}
        images: dict[str, Array | None] = {
            "image": shown.input,
            "target": shown.target,
            "prediction": shown.output,
        }
        units = dict(zip(images, shown.units, strict=True))
        self.panes.set_unit(units["image"].partition(", ")[2])  # "HU" of "CT, HU"
        for role, image in images.items():
            if role == "prediction" and image is None and has_model and shown.input is not None:
                if self._awaited != self._predicted:
                    self.panes.dim_prediction("translating...")
                continue  # the last prediction stays until the new one arrives
            if role == "prediction":
                self._predicted = None
            path = names[role]
            name = path.name if path is not None else ""
            note = shown.note if role != "prediction" else "translated"
            caption = Caption(name, position, note, units[role])
            if role == "prediction" and image is None:
                caption = Caption()  # nothing is shown that could be called translated
            self.panes.show(role, image, caption, hint=texts[role])
        self.panes.warn(self.viewer.mark_in_view)
        self._show_start()
        self._show_list()
        self._moving_scrubber = True
        self.scrubber.configure(to=max(1, wanted.count - 1))
        self.scrubber.set(wanted.index)
        self._moving_scrubber = False
        self.write_parts()
        if shown.problems:
            self.status.set(shown.problems[0])

    def _on_translation(self, change: ViewTranslated) -> None:
        ready = change.preview
        self._predicted = self._awaited
        if ready.image is None:
            self.panes.show("prediction", None, hint=ready.problem)
            self.status.set(ready.problem)
            return
        notes = [f"epoch {ready.epoch}" if ready.epoch else "untrained", self.viewer.preview_note]
        weights = self.session.model.weights
        name = weights.name if weights is not None else ""
        caption = Caption(name, "", ", ".join(filter(None, notes)))
        self.panes.show("prediction", ready.image, caption)
        self.panes.set_confidence(ready.confidence)
        self.panes.warn(ready.mark)

    def _on_score(self, change: ViewScored) -> None:
        self.panes.set_position("prediction", str(change.score))

    def _show_list(self) -> None:
        self.list.show(not (self.start.winfo_manager() or self._beside_dialog))

    def _place_list(self, images: ImageList, shown: bool) -> None:
        """Right of the panes; while labels are painted, in the left column."""
        px = theme_of(self).px
        if not shown:
            images.grid_remove()
        elif self.viewer.labelling:
            images.grid(in_=self._column, row=LIST_ROW, column=0, rowspan=1, sticky="nsew")
            images.grid(padx=0, pady=(px(8), 0))
        else:
            images.grid(in_=self, row=0, column=2, rowspan=2, sticky="ns")
            images.grid(padx=(0, px(8)), pady=(px(8), 0))
        images.resize(NARROW if self.viewer.labelling else WIDTH)

    def _make_room_soon(self, _event: object) -> None:
        """Once for all the events while a dialog moves."""
        self._move_no_panes()
        if self.winfo_exists():  # dialogs are destroyed after this window
            self._moving_panes = self.after(_SOON_MS, self._make_room)

    def _move_no_panes(self) -> None:
        if self._moving_panes:
            self.after_cancel(self._moving_panes)
        self._moving_panes = ""

    def destroy(self) -> None:
        """Destroy it; Tcl would print an error for a call that is still to come."""
        self._move_no_panes()
        super().destroy()

    def _make_room(self) -> None:
        """Show the panes in the part that no dialog covers, if it is large enough."""
        self._moving_panes = ""
        px, taken = theme_of(self).px, self._column.winfo_x() + self._column.winfo_width()
        gap, width = px(8), self.winfo_width() - taken
        area = Area(self.winfo_rootx() + taken, self.winfo_rooty(), width, self.winfo_height())
        left, right = covered(self.root, area, px(_LEAST_ROOM))
        before, self._beside_dialog = self._beside_dialog, bool(left or right)
        for widget in (self.panes, self.scrubber):
            shown = bool(widget.grid_info())
            widget.grid_configure(padx=(left, right + gap))
            if not shown:
                widget.grid_remove()
        self.panes.stack(self._beside_dialog and width - left - right < self.winfo_height())
        if before != self._beside_dialog:
            self._show_list()

    def _show_start(self) -> None:
        """Show the start page while there are no images at all, else the panes."""
        data = self.session.project.specs.data
        lists = data.train_inputs, data.train_targets, data.val_inputs, data.val_targets
        empty = not (any(lists) or data.unlabelled_inputs or self.viewer.to_translate)
        if empty == bool(self.start.grid_info()):
            return
        for widget in (self.panes, self.scrubber):
            if empty:
                widget.grid_remove()
            else:
                widget.grid()
        if empty:
            self.start.grid(row=0, column=1, rowspan=2, sticky="nsew", padx=1, pady=1)
            self.start.refresh()
        else:
            self.start.grid_forget()

    def write_parts(self) -> None:
        """Highlight the button of the part in view; the tick is off where it does nothing."""
        for part, button in self.part_buttons.items():
            chosen = part == self.viewer.part
            button.configure(style="Accent.TButton" if chosen else "TButton")
        for widget in (self.next_button, self.previous_button, self.augment_tick):
            if self.viewer.labelling:  # the list below has the room
                widget.grid_remove()
            else:
                widget.grid()
        may_augment = self.viewer.may_augment
        self.augmented.set(self.viewer.augmented and may_augment)
        self.augment_tick.state(["!disabled" if may_augment else "disabled"])

    def _write_title(self) -> None:
        project = self.session.project
        path = project.path
        name = path.name if path is not None else "new project"
        star = "*" if project.changed else ""
        self.root.title(f"{star}{name} - {PROGRAM}")
