"""The start page: ways to begin, shown instead of the panes while a project has no images."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tkinter import ttk

from PIL import Image, ImageTk

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.goals import GOALS, Goal
from deepimagetranslator.app.recent import RecentProject, recent_projects
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.typing import Array
from deepimagetranslator.gui.theme.logo import draw_mark
from deepimagetranslator.gui.theme.theme import PALETTE_CHANGED, theme_of
from deepimagetranslator.gui.viewer.goal_pictures import goal_pictures, pair_picture
from deepimagetranslator.gui.viewer.image_pane import elided
from deepimagetranslator.gui.viewer.thumbnails import thumbnail
from deepimagetranslator.gui.widgets.scrolled import Scrolled

_PICTURE, _MARK, _THUMBNAIL = 64, 56, 44
_SIDE_BY_SIDE = 940
_RECENT_WIDTH = 300
_NARROWEST, _AROUND = 320, 72
_SHOWN, _PER_LINE = 6, 2
WELCOME = "Teach a network, by pairs of images, to make one kind of image into another."
GOAL_TITLE, OTHER_TITLE, RECENT_TITLE = (
    "What do you want to make?",
    "Other ways to begin",
    "Recent projects",
)
NO_PROJECTS = "Projects that you save appear here."


@dataclass(frozen=True)
class StartActions:
    """The actions of the start page.

    Attributes:
        load_pair: asks for a folder of inputs and one of targets; called with the goal.
        others: further ways to begin by the text of their button.
        open_project: opens a project file.
        recent: the recent project files, the latest first.
    """

    load_pair: Callable[[Goal], object]
    others: Mapping[str, Callable[[], object]]
    open_project: Callable[[Path], object]
    recent: Callable[[], Sequence[Path]]


class StartPage(Scrolled):
    """Three kinds of translation to choose from, other ways to begin, and recent projects.

    Args:
        parent: the parent widget.
        background: draws the pictures and reads the recent projects.
        actions: the actions of the buttons.

    Attributes:
        goals: the buttons of the goals by name.
        others: the other buttons by their text.
        projects: the buttons of the recent projects, the latest first.
    """

    def __init__(self, parent: tk.Misc, background: Background, actions: StartActions) -> None:
        px = theme_of(parent).px
        super().__init__(parent, (px(24), px(20), px(24), px(16)))
        self.theme = theme_of(self)
        self._background = background
        self._actions = actions
        self._photos: dict[str, ImageTk.PhotoImage] = {}
        self._wide: bool | None = None
        self._columns = 0
        self.goals: dict[str, ttk.Button] = {}
        self.others: dict[str, ttk.Button] = {}
        self.projects: list[ttk.Button] = []
        self._begin = ttk.Frame(self.body)
        self._recent = ttk.Frame(self.body)
        self._build_begin()
        self._draw_goals()
        self.bind("<Configure>", lambda _event: self._arrange(), add=True)
        self.bind(PALETTE_CHANGED, lambda _event: self._redraw_pictures(), add=True)
        self._arrange()

    def refresh(self) -> None:
        """Read the list of recent projects again."""
        files = list(self._actions.recent())[:_SHOWN]
        side, palette = self.theme.px(_THUMBNAIL), self.theme.palette

        def picture(project: RecentProject) -> Image.Image:
            input_, target = _small(project.input, side), _small(project.target, side)
            return pair_picture(input_, target, side, palette)

        def work() -> list[tuple[RecentProject, Image.Image]]:
            return [(project, picture(project)) for project in recent_projects(files)]

        self._background.run("recent projects", work, self._show_recent, _ignore)

    def show_hint(self, text: str) -> None:
        """Show a sentence below the buttons."""
        self._hint.configure(text=text)

    def destroy(self) -> None:
        """Close; Tk images are dropped here, as they must not be collected in another thread."""
        self._photos.clear()
        super().destroy()

    # ---- building --------------------------------------------------------------------------

    def _build_begin(self) -> None:
        px, frame = self.theme.px, self._begin
        head = ttk.Frame(frame)
        head.columnconfigure(1, weight=1)
        self._mark = ttk.Label(head)
        self._mark.grid(row=0, column=0, rowspan=2, padx=(0, px(14)))
        name = ttk.Label(head, text="DeepImageTranslator", style="Heading.TLabel")
        name.grid(row=0, column=1, sticky="sw")
        self._welcome = ttk.Label(head, text=WELCOME, style="Muted.TLabel")
        self._welcome.grid(row=1, column=1, sticky="nw")
        head.grid(row=0, column=0, sticky="ew", pady=(0, px(18)))
        self._title(frame, GOAL_TITLE).grid(row=1, column=0, sticky="w", pady=(0, px(6)))
        self._build_goals().grid(row=2, column=0, sticky="w")
        note = ttk.Label(
            frame,
            text="Then choose two folders: of your images, and of what they should become.",
            style="Muted.TLabel",
        )
        note.grid(row=3, column=0, sticky="w", pady=(px(6), px(18)))
        self._title(frame, OTHER_TITLE).grid(row=4, column=0, sticky="w", pady=(0, px(6)))
        self._build_others().grid(row=5, column=0, sticky="w")
        self._hint = ttk.Label(frame, style="Muted.TLabel")
        self._hint.grid(row=6, column=0, sticky="w", pady=(px(6), 0))

    def _title(self, parent: ttk.Frame, text: str) -> ttk.Label:
        return ttk.Label(parent, text=text, style="Bold.TLabel")

    def _build_goals(self) -> ttk.Frame:
        row = ttk.Frame(self._begin)
        for goal in GOALS:
            button = ttk.Button(
                row,
                text=goal.title,
                compound="top",
                style="Card.TButton",
                command=partial(self._actions.load_pair, goal),
            )
            self.goals[goal.name] = button
        return row

    def _build_others(self) -> ttk.Frame:
        row, gap = ttk.Frame(self._begin), self.theme.px(8)
        for number, (text, command) in enumerate(self._actions.others.items()):
            button = ttk.Button(row, text=text, command=command)
            line, column = divmod(number, _PER_LINE)
            button.grid(row=line, column=column, sticky="ew", padx=(0, gap), pady=(0, gap))
            self.others[text] = button
        return row

    def _arrange(self) -> None:
        """Put the recent projects beside the rest if there is room, else below."""
        px = self.theme.px
        room = max(px(_NARROWEST), self.winfo_width() - px(_AROUND))
        self._arrange_goals(room)
        self._welcome.configure(wraplength=room - px(_MARK + 16))
        wide = self.winfo_width() >= px(_SIDE_BY_SIDE)
        if wide == self._wide:
            return
        self._wide = wide
        self.body.columnconfigure(0, weight=1)
        self._begin.grid(row=0, column=0, sticky="nw")
        self._recent.grid(
            row=0 if wide else 1,
            column=1 if wide else 0,
            sticky="nw",
            padx=(px(24), 0) if wide else 0,
            pady=0 if wide else (px(18), 0),
        )

    def _arrange_goals(self, room: int) -> None:
        """Put the goals into as many columns as the room in pixels has."""
        buttons, gap = list(self.goals.values()), self.theme.px(8)
        wide = max(button.winfo_reqwidth() for button in buttons) + gap
        columns = max(1, min(len(buttons), room // wide))
        if columns == self._columns:
            return
        self._columns = columns
        for number, button in enumerate(buttons):
            row, column = divmod(number, columns)
            button.grid(row=row, column=column, sticky="nsew", padx=(0, gap), pady=(0, gap))
            button.master.columnconfigure(column, uniform="goals")

    # ---- pictures --------------------------------------------------------------------------

    def _redraw_pictures(self) -> None:
        self._draw_goals()
        if self.grid_info():
            self.refresh()

    def _draw_goals(self) -> None:
        side, palette = self.theme.px(_PICTURE), self.theme.palette
        self._put("mark", draw_mark(self.theme.px(_MARK), palette), self._mark)

        def show(pictures: Mapping[str, Image.Image]) -> None:
            if self.winfo_exists():
                for name, picture in pictures.items():
                    self._put(name, picture, self.goals[name])

        self._background.run("goals", partial(goal_pictures, side, palette), show, _ignore)

    def _put(self, name: str, picture: Image.Image, widget: ttk.Button | ttk.Label) -> None:
        self._photos[name] = ImageTk.PhotoImage(picture, master=self)
        widget.configure(image=self._photos[name])
        if name in self.goals:
            self._arrange()

    def _show_recent(self, found: list[tuple[RecentProject, Image.Image]]) -> None:
        if not self.winfo_exists():
            return
        px = self.theme.px
        for child in self._recent.winfo_children():
            child.destroy()
        self.projects.clear()
        self._title(self._recent, RECENT_TITLE).grid(row=0, column=0, sticky="w", pady=(0, px(6)))
        if not found:
            ttk.Label(self._recent, text=NO_PROJECTS, style="Muted.TLabel").grid(row=1, column=0)
        room, font = px(_RECENT_WIDTH), self.theme.font()
        for row, (project, picture) in enumerate(found, 1):
            lines = (project.title, project.words, str(project.path.parent))
            button = ttk.Button(
                self._recent,
                text="\n".join(f"  {elided(line, font, room)}" for line in lines),
                compound="left",
                style="Row.TButton",
                command=partial(self._actions.open_project, project.path),
            )
            self._put(f"project {row}", picture, button)
            button.grid(row=row, column=0, sticky="ew", pady=(0, px(4)))
            self.projects.append(button)


def _small(image: ImageRef | None, side: int) -> Array | None:
    try:
        return None if image is None else thumbnail(image, side)
    except UserError:
        return None


def _ignore(_error: Exception) -> None:
    """The page works without its pictures."""
