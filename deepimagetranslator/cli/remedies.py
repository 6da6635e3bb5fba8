"""Words remedies as options and commands of the command line."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from deepimagetranslator.core.config.chosen import info_of
from deepimagetranslator.core.config.fields import as_text
from deepimagetranslator.core.errors import Action, Problem, Remedy, printable

_ACTIONS: Mapping[Action, str] = {
    "resume": "Use --resume.",
    "train_from_weights": "Use --weights.",
    "new_project": "The command 'new' makes one.",
    "choose_series": "Use --series, or --series all.",
    "choose_target_series": "Use --target-series, or --target-series all.",
    "choose_groups": "Use --group with a regular expression that finds the person in the names.",
    "choose_window": "Use --set for data.input_low and data.input_high.",
    "join_classes": "Use --set for data.labels.",
    "change_targets": "Use --target-change to read the targets otherwise.",
    "train_on_labels": "The command 'label train' trains on the images that are done; with "
    "--resume it continues such a training.",
}
_OWN_OPTIONS = {
    "translation.overwrite": "--overwrite",
    "translation.accept_values": "--accept-values",
}


def words(remedy: Remedy | None) -> str:
    """The remedy as a sentence; empty if there is none."""
    if remedy is None:
        return ""
    if remedy.action:
        return _ACTIONS[remedy.action]
    return f"Use {' '.join(_option(name, value) for name, value in remedy.settings)}."


def sentence(problem: Problem) -> str:
    """A problem and its remedy, in one line."""
    return printable(f"{problem} {words(problem.remedy)}".strip())


def all_words(problems: Iterable[Problem]) -> str | None:
    """The remedies of several problems, for ``--json``; None if there are none."""
    return " ".join(filter(None, (words(problem.remedy) for problem in problems))) or None


def _option(name: str, value: Any) -> str:
    if name in _OWN_OPTIONS:
        return _OWN_OPTIONS[name]
    text = as_text(info_of(name), value)
    return f"--set {shlex.quote(f'{name}={text}')}"
