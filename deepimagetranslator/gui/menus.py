"""The menus: first the 2021 program's entries with their names and order, then newer ones.

Each menu updates itself when it opens: entries that cannot act are greyed, chosen ones ticked.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from functools import partial

from deepimagetranslator.app.views import TRAINING, VALIDATION
from deepimagetranslator.gui.actions.actions import Actions
from deepimagetranslator.gui.actions.data_actions import DataActions
from deepimagetranslator.gui.actions.evaluate_actions import EvaluateActions
from deepimagetranslator.gui.actions.file_actions import FileActions
from deepimagetranslator.gui.actions.help_actions import HelpActions
from deepimagetranslator.gui.actions.model_actions import ModelActions
from deepimagetranslator.gui.actions.study_actions import StudyActions
from deepimagetranslator.gui.actions.train_actions import TrainActions
from deepimagetranslator.gui.actions.translate_actions import TranslateActions
from deepimagetranslator.gui.actions.view_actions import ViewActions
from deepimagetranslator.gui.labelling.commands import LabelCommands
from deepimagetranslator.gui.labelling.loop_commands import LoopCommands
from deepimagetranslator.gui.system_dialogs import Boxes
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.viewer.pane_group import PaneGroup
from deepimagetranslator.gui.viewer.window_menu import build_window_menu

Action = Callable[[], object]
May = Callable[[], bool]
Entry = tuple[str, Action, str] | tuple[str, Action, str, May] | None
"""A label (& before its mnemonic), an action, a key, whether it can act; None is a separator."""
Entries = list[Entry]
_RECENT_PLACE, _WINDOW_PLACE = 11, 2
_PALETTES = {"dark": "&Dark", "light": "&Light", "system": "As the &system"}


def build_menus(
    root: tk.Tk, actions: Actions, panes: PaneGroup, boxes: Boxes
) -> dict[str, tk.Menu]:
    """Give the root its menu bar; returns the menus by title."""
    bar = tk.Menu(root, tearoff=False)
    menus: dict[str, tk.Menu] = {}
    for title, entries in _entries(actions, panes).items():
        text, underline = _mnemonic(title)
        menus[text] = tk.Menu(bar, tearoff=False)
        _fill(menus[text], entries, boxes)
        bar.add_cascade(label=text, underline=underline, menu=menus[text])
    menus["Recent projects"] = _recent_menu(menus["File"], actions.file, boxes)
    set_values = boxes.guarded(actions.data.set_values, "Values and window")
    menus["Study"] = _study_menu(menus["Train"], actions.study, boxes)
    menus["Window"] = build_window_menu(menus["View"], panes, set_values)
    menus["View"].insert_cascade(_WINDOW_PLACE, label="Window", underline=0, menu=menus["Window"])
    _add_palettes(menus["View"], actions.view)
    root.configure(menu=bar)
    theme_of(root).apply(theme_of(root).palette.name)
    return menus


def _entries(actions: Actions, panes: PaneGroup) -> dict[str, Entries]:
    """The menus in their order; submenus are inserted later."""
    return {
        "&File": _file(actions.file),
        "D&ata": _data(actions.data, actions.labels, actions.loop),
        "&Model": _model(actions.model),
        "T&rain": _train(actions.train),
        "&Translate": _translate(actions.translate),
        "&Evaluate": _evaluate(actions.evaluate),
        "&View": _view(panes),
        "&Help": _help(actions.help),
    }


def _file(file: FileActions) -> Entries:
    def load(part: str, side: str) -> Callable[[], object]:
        return lambda: file.load_images(part, side)

    return [
        ("&Load training images", load(TRAINING, "inputs"), ""),
        ("Load training &targets", load(TRAINING, "targets"), ""),
        ("Load &validation images", load(VALIDATION, "inputs"), ""),
        ("Load validation t&argets", load(VALIDATION, "targets"), ""),
        None,
        ("Load &folder pair...", file.load_folder_pair, ""),
        ("Load &persons...", file.load_persons, ""),
        ("Load sa&mple images", file.load_sample, ""),
        None,
        ("&New project", file.new_project, ""),
        ("&Open project...", file.open_project, "Ctrl+O"),
        ("&Save project", file.save_project, "Ctrl+S"),
        ("Save pro&ject as...", file.save_project_as, ""),
        None,
        ("E&xit", file.leave, "Ctrl+Q"),
    ]


def _data(data: DataActions, labels: LabelCommands, loop: LoopCommands) -> Entries:
    return [
        ("&Check data...", data.check_data, "F4", data.has_files),
        ("&Values and window...", data.set_values, ""),
        ("&Label colours...", data.set_labels, "", data.has_pairs),
        None,
        ("&Split validation from training...", data.split_validation, "", data.has_pairs),
        None,
        ("Load &images to label...", loop.load, ""),
        ("&Paint labels", labels.toggle, "F6", labels.may_toggle),
    ]


def _model(model: ModelActions) -> Entries:
    return [
        ("Set model &hyperparameters", model.set_training, ""),
        ("&New model", model.new_model, ""),
        ("&Load model weights", model.load_weights, ""),
        ("&Save current model weights", model.save_weights, "", model.has_weights),
        None,
        ("Load weights of an &epoch...", model.load_epoch, "", model.has_epochs),
        ("&Describe weights", model.describe_weights, "", model.has_weights),
    ]


def _train(train: TrainActions) -> Entries:
    return [
        ("&Data augmentation", train.set_augmentation, ""),
        ("&Train model", train.start, "F5", train.may_start),
        None,
        ("&Continue from weights...", train.start_from_weights, "", train.may_start),
        ("&Resume the last training", train.resume, "", train.may_resume),
        ("&Finish after this epoch", train.finish_early, "", train.may_finish),
        ("&Stop", train.stop, "", train.may_stop),
        ("Show &monitor", train.show_monitor, "", train.has_trained),
    ]


def _translate(translate: TranslateActions) -> Entries:
    return [
        ("&Load images for translation", translate.load_images, ""),
        ("&Save translated images", translate.translate, "", translate.may_translate),
        None,
        ("Load &folder for translation...", translate.load_folder, ""),
        ("&Clean-up...", translate.clean_up, "", translate.may_clean_up),
        ("&Translate and save...", translate.translate, "", translate.may_translate),
    ]


def _evaluate(evaluate: EvaluateActions) -> Entries:
    def on(label: str, part: str) -> Entry:
        return (
            label,
            lambda: evaluate.evaluate_part(part),
            "",
            lambda: evaluate.may_evaluate_part(part),
        )

    words, may = "Evaluate translated images with tar&gets...", evaluate.may_evaluate_translated
    return [
        on("Evaluate on &validation images", VALIDATION),
        on("Evaluate on &training images", TRAINING),
        (words, evaluate.evaluate_translated, "", may),
        None,
        (
            "&Calibrate confidence on validation images",
            evaluate.calibrate,
            "",
            lambda: evaluate.may_evaluate_part(VALIDATION),
        ),
    ]


def _view(panes: PaneGroup) -> Entries:
    def has_image() -> bool:
        return panes.scale() is not None

    return [
        ("Fit &images", panes.fit, "", has_image),
        ("&True size", panes.true_size, "", has_image),
        None,
    ]


def _help(help: HelpActions) -> Entries:
    return [
        ("&Guide", help.show_guide, "F1"),
        ("Open &log folder", help.open_log_folder, ""),
        ("&About", help.show_about, ""),
    ]


def _fill(menu: tk.Menu, entries: Entries, boxes: Boxes) -> None:
    conditions: dict[str, May] = {}
    for entry in entries:
        if entry is None:
            menu.add_separator()
            continue
        label, action, key, *may = entry
        text, underline = _mnemonic(label)
        command = boxes.guarded(action, text.removesuffix("..."))
        menu.add_command(label=text, underline=underline, accelerator=key, command=command)
        conditions |= dict.fromkeys([text], *may) if may else {}

    def update() -> None:
        for text, may_act in conditions.items():
            menu.entryconfigure(text, state="normal" if may_act() else "disabled")

    menu.configure(postcommand=update)


def _add_palettes(menu: tk.Menu, view: ViewActions) -> None:
    """Add the choice of the palette, with a tick at the current one."""
    chosen = tk.StringVar(menu, view.palette)
    for name, label in _PALETTES.items():
        text, underline = _mnemonic(label)
        menu.add_radiobutton(
            label=text,
            underline=underline,
            value=name,
            variable=chosen,
            command=partial(view.set_palette, name),
        )
    # Keeps the variable alive as long as the menu.
    menu.__dict__["palette"] = chosen


def _recent_menu(parent: tk.Menu, file: FileActions, boxes: Boxes) -> tk.Menu:
    """The submenu of recent projects; it is filled each time it opens."""
    menu = tk.Menu(parent, tearoff=False)

    def fill() -> None:
        menu.delete(0, "end")
        for path in file.recent():
            command = boxes.guarded(partial(file.open_path, path), "Open project")
            menu.add_command(label=str(path), command=command)
        if menu.index("end") is None:
            menu.add_command(label="None yet", state="disabled")

    menu.configure(postcommand=fill)
    parent.insert_cascade(_RECENT_PLACE, label="Recent projects", underline=2, menu=menu)
    return menu


def _study_menu(parent: tk.Menu, study: StudyActions, boxes: Boxes) -> tk.Menu:
    """The submenu of studies, with the recent ones each time it opens."""
    menu = tk.Menu(parent, tearoff=False)
    entries: Entries = [
        ("&New study...", study.new, "", study.may_plan),
        ("&Open study...", study.open, ""),
        ("&Show study", study.show, "", study.has_study),
    ]
    _fill(menu, entries, boxes)
    update = str(menu.cget("postcommand"))

    def fill() -> None:
        menu.tk.call(update)
        menu.delete(len(entries), "end")
        recent = study.recent()
        if recent:
            menu.add_separator()
        for path in recent:
            command = boxes.guarded(partial(study.open_folder, path), "Open study")
            menu.add_command(label=str(path), command=command)

    menu.configure(postcommand=fill)
    parent.add_separator()
    parent.add_cascade(label="Study", underline=2, menu=menu)
    return menu


def _mnemonic(label: str) -> tuple[str, int]:
    """The text without its &, and the index of the letter after it."""
    return label.replace("&", "", 1), label.find("&")
