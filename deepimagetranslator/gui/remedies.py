"""Texts of problems and their remedies with the names of the window's menus and fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deepimagetranslator.core.config.chosen import EVERY_FIELD, info_of
from deepimagetranslator.core.errors import Action, Problem, Remedy, printable
from deepimagetranslator.gui.widgets.words import shown_value

_VALUES, _CLASSES = "Data > Values and window", "Data > Label colours"
_CHECK, _MODEL = "Data > Check data", "Model > New model"
ACTIONS: Mapping[Action, str] = {
    "resume": "Train > Resume the last training",
    "train_from_weights": "Train > Continue from weights",
    "new_project": "File > New project",
    "choose_series": "File > Load folder pair",
    "choose_target_series": "File > Load folder pair",
    "choose_groups": "Data > Split validation from training",
    "choose_window": _VALUES,
    "join_classes": _CLASSES,
    "change_targets": _CHECK,
    "train_on_labels": "Data > Paint labels",
}
"""The menu entry for each action."""

_BY_SECTION = {
    "data": _VALUES,
    "model": _MODEL,
    "training": "Model > Set model hyperparameters",
    "augmentation": "Train > Data augmentation",
    "translation": "Translate > Translate and save",
}
_BY_FIELD = {
    "data.pairing": _CHECK,
    "data.target_changes": _CHECK,
    "data.target_kind": _CLASSES,
    "data.labels": _CLASSES,
    "data.snap_labels": _CLASSES,
    "data.exclusive_classes": _CLASSES,
    "data.large_images": _MODEL,
}


def menu_entry(name: str) -> str:
    """The menu entry whose dialog has the field ``name``, given as SECTION.FIELD."""
    return _BY_FIELD.get(name) or _BY_SECTION[name.partition(".")[0]]


def words(remedy: Remedy | None) -> str:
    """The remedy as a sentence; empty if there is none."""
    if remedy is None:
        return ""
    if remedy.action:
        return f"{ACTIONS[remedy.action]} does that."
    steps = (f"{menu_entry(name)}: {_set(name, value)}" for name, value in remedy.settings)
    return f"{'; '.join(steps)}."


def sentence(problem: Problem) -> str:
    """A problem with its remedy; a field is named by its label."""
    subject, text = problem.subject, str(problem)
    if subject in EVERY_FIELD and text.startswith(f"{subject}: "):
        text = f"{info_of(subject).label}: {problem.message}"
    return printable(f"{text} {words(problem.remedy)}".strip())


def all_sentences(problems: Iterable[Problem]) -> str:
    """Several problems with their remedies, one a line."""
    return "\n".join(map(sentence, problems))


def first_sentence(problems: Sequence[Problem]) -> str:
    """The first problem and the number of the others; empty if there is none."""
    if not problems:
        return ""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{sentence(problems[0])}{more}"


def _set(name: str, value: Any) -> str:
    info = info_of(name)
    if info.kind == "bool":
        return f'{"tick" if value else "clear"} "{info.label}"'
    return f'set "{info.label}" to {shown_value(info, value)}'
