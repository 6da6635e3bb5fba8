"""The menus: the 2021 program's entries under their names and in their order, then ours."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from functools import partial

from deepimagetranslator.gui.actions.commands import Commands
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.viewer.pane_group import PaneGroup
from deepimagetranslator.gui.viewer.window_menu import build_window_menu

Entry = tuple[str, Callable[[], object], str] | None
"""A label (& before its mnemonic), what it does, its key; None is a separator."""


def build_menus(root: tk.Tk, commands: Commands, panes: PaneGroup) -> dict[str, tk.Menu]:
    """Give the root its menu bar; returns the menus by title."""
    c = commands
    entries: dict[str, list[Entry]] = {
        "&File": [
            ("&Load training images", lambda: c.load_files("training", "inputs"), ""),
            ("Load training &targets", lambda: c.load_files("training", "targets"), ""),
            ("Load &validation images", lambda: c.load_files("validation", "inputs"), ""),
            ("Load validation t&argets", lambda: c.load_files("validation", "targets"), ""),
            None,
            ("Load &folder pair...", c.load_folder_pair, ""),
            ("Load sa&mple images", c.load_sample, ""),
            None,
            ("&New project", c.new_project, ""),
            ("&Open project...", c.open_project, "Ctrl+O"),
            ("&Save project", c.save_project, "Ctrl+S"),
            ("Save pro&ject as...", c.save_project_as, ""),
            None,
            ("E&xit", c.leave, "Ctrl+Q"),
        ],
        "D&ata": [
            ("&Check data...", c.check_data, "F4"),
            ("&Values and window...", c.set_values, ""),
            ("&Label colours...", c.set_labels, ""),
            None,
            ("&Split validation from training...", c.split_validation, ""),
        ],
        "&Model": [
            ("Set model &hyperparameters", c.set_training, ""),
            ("&New model", c.new_model, ""),
            ("&Load model weights", c.load_weights, ""),
            ("&Save current model weights", c.save_weights, ""),
            None,
            ("Load weights of an &epoch...", c.load_epoch, ""),
            ("&Describe weights", c.describe_weights, ""),
        ],
        "T&rain": [
            ("&Data augmentation", c.set_augmentation, ""),
            ("&Train model", c.train, "F5"),
            None,
            ("&Continue from weights...", c.train_from_weights, ""),
            ("&Resume the last training", c.resume, ""),
            ("&Finish after this epoch", c.finish_early, ""),
            ("&Stop", c.stop, ""),
            ("Show &monitor", c.show_monitor, ""),
        ],
        "&Translate": [
            ("&Load images for translation", lambda: c.load_files("translated", "inputs"), ""),
            ("&Save translated images", c.translate, ""),
            None,
            ("Load &folder for translation...", c.load_folder_for_translation, ""),
            ("&Translate and save...", c.translate, ""),
        ],
        "&Evaluate": [
            ("Evaluate on &validation images", lambda: c.evaluate("validation"), ""),
            ("Evaluate on &training images", lambda: c.evaluate("training"), ""),
            ("Evaluate translated images with tar&gets...", c.evaluate_translated, ""),
        ],
        "&View": [
            ("Fit &images", panes.fit, ""),
            ("&True size", panes.true_size, ""),
            None,
            ("&Dark", lambda: c.set_palette("dark"), ""),
            ("&Light", lambda: c.set_palette("light"), ""),
            ("As the &system", lambda: c.set_palette("system"), ""),
        ],
        "&Help": [
            ("&Guide", c.show_guide, "F1"),
            ("Open &log folder", c.open_log_folder, ""),
            ("&About", c.show_about, ""),
        ],
    }
    bar = tk.Menu(root, tearoff=False)
    menus = {}
    for title, items in entries.items():
        menu = tk.Menu(bar, tearoff=False)
        for item in items:
            if item is None:
                menu.add_separator()
                continue
            label, action, key = item
            text, underline = _mnemonic(label)
            menu.add_command(
                label=text, underline=underline, accelerator=key, command=c.guarded(action)
            )
        text, underline = _mnemonic(title)
        bar.add_cascade(label=text, underline=underline, menu=menu)
        menus[text] = menu
    recent = tk.Menu(menus["File"], tearoff=False)
    recent.configure(postcommand=lambda: _fill_recent(recent, commands))
    menus["File"].insert_cascade(10, label="Recent projects", underline=2, menu=recent)
    menus["Recent projects"] = recent
    window = build_window_menu(menus["View"], panes, c.guarded(c.set_values))
    menus["View"].insert_cascade(2, label="Window", underline=0, menu=window)
    menus["Window"] = window
    root.configure(menu=bar)
    theme_of(root).apply(theme_of(root).palette.name)
    return menus


def _fill_recent(menu: tk.Menu, commands: Commands) -> None:
    menu.delete(0, "end")
    for path in commands.session.settings.recent:
        menu.add_command(
            label=str(path), command=commands.guarded(partial(commands.open_path, path))
        )
    if menu.index("end") is None:
        menu.add_command(label="None yet", state="disabled")


def _mnemonic(label: str) -> tuple[str, int]:
    """The text without its & and the place of the letter after it."""
    return label.replace("&", "", 1), label.find("&")
