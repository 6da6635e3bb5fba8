"""Messages of core, ml and app name no option and no menu; each front end words the remedies."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import deepimagetranslator
from deepimagetranslator.cli import remedies as in_terminal
from deepimagetranslator.cli.arguments import build_parser
from deepimagetranslator.core.config.chosen import EVERY_FIELD, value_of
from deepimagetranslator.core.config.fields import as_text, field_named, parse
from deepimagetranslator.core.config.specs import Specs
from deepimagetranslator.core.errors import Action, DataProblems, Problem, Remedy, UserError
from deepimagetranslator.gui import remedies as in_window

PACKAGE = Path(deepimagetranslator.__file__).parent
SOURCES = sorted(
    path
    for part in ("core", "ml", "app", "worker.py")
    for path in ([PACKAGE / part] if part.endswith(".py") else (PACKAGE / part).rglob("*.py"))
    if path.name != "html_page.py"  # its texts are markup
)
FRONT_ENDS_WORDS = {
    "an option": r"(?<![\w-])--?[a-z][a-z-]+|command.line",
    "a command": r"'(new|check|train|translate|evaluate|augment|demo|benchmark)'",
    "a field": r"\b(data|model|training|augmentation|translation)\.[a-z_]+|\b[a-z_]{2,}=\w",
    "what is done in a window": r"\b(press(ed)?|clicks?|tick(ed)?|menus?|buttons?|dialogs?)\b",
    "a menu": r" > |\b(File|Data|Model|Train|Translate|Evaluate|View|Help),? ?>",
}


def literals(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Texts of a module with their lines; what is put into one is a brace. No docstrings."""
    left_out = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [v.value if isinstance(v, ast.Constant) else "{}" for v in node.values]
            left_out |= {id(value) for value in node.values}
            yield node.lineno, "".join(map(str, parts))
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and id(node) not in left_out:
            yield node.lineno, text


def menu_entries() -> set[str]:
    """The window's menu entries of more than one word."""
    tree = ast.parse((PACKAGE / "gui" / "menus.py").read_text(encoding="utf-8"))
    labels = {text.replace("&", "").removesuffix("...") for _, text in literals(tree)}
    return {label for label in labels if re.fullmatch(r"[A-Z][a-z]+( [a-z]+)+", label)}


def found_in(text: str) -> list[str]:
    """What a sentence names that only a front end may name."""
    if text.count(" ") < 3:
        return []
    found = [what for what, pattern in FRONT_ENDS_WORDS.items() if re.search(pattern, text)]
    # Shorter entries, such as "Label colours", are words of the field too.
    entries = [entry for entry in menu_entries() if entry.count(" ") > 1 or f"'{entry}'" in text]
    return found + [entry for entry in entries if entry in text]


def test_no_message_below_the_front_ends_names_an_option_or_a_menu():
    checked, wrong = 0, []
    for path in SOURCES:
        for line, text in literals(ast.parse(path.read_text(encoding="utf-8"))):
            checked += text.count(" ") >= 3
            wrong += [f"{path.relative_to(PACKAGE)}:{line}: {w}: {text}" for w in found_in(text)]
    assert checked > 200
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        "They exist already; overwrite them with --overwrite.",
        "The network needs 4 channels; set model.target_channels=0.",
        "There are too many colours; choose target_kind=values.",
        "There is no project file; make one with 'new'.",
        "Add noise: tick it for the inputs.",
        "Choose one by its number (on the command line with --series).",
        "Choose the weights that 'Save current model weights' wrote.",
        "Open the log, Help > Open log folder, and look.",
    ],
)
def test_the_test_would_see_them(text):
    assert found_in(text)


# --- the wordings ------------------------------------------------------------------------------

SETTINGS = [
    (
        (("model.target_channels", 0),),
        "Use --set model.target_channels=0.",
        'Model > New model: set "Target channels" to 0.',
    ),
    (
        (("training.loss", "categorical_crossentropy"), ("model.final_activation", "automatic")),
        "Use --set training.loss=categorical_crossentropy --set model.final_activation=automatic.",
        'Model > Set model hyperparameters: set "Loss" to Categorical cross-entropy; '
        'Model > New model: set "Final activation" to Automatic.',
    ),
    (
        (("translation.overwrite", True),),
        "Use --overwrite.",
        'Translate > Translate and save: tick "Overwrite".',
    ),
    (
        (("data.labels", ("0=air", "1 + 2=fat")),),
        "Use --set 'data.labels=0=air; 1 + 2=fat'.",
        'Data > Label colours: set "Label colours" to 0=air; 1 + 2=fat.',
    ),
    (
        (("data.input_low", -1024.0),),
        "Use --set data.input_low=-1024.",
        'Data > Values and window: set "Input window from" to -1024.',
    ),
]


@pytest.mark.parametrize(("settings", "terminal", "window"), SETTINGS)
def test_a_setting_is_an_option_in_a_terminal_and_a_field_in_a_window(settings, terminal, window):
    remedy = Remedy(settings)
    assert in_terminal.words(remedy) == terminal
    assert in_window.words(remedy) == window
    assert in_terminal.words(None) == in_window.words(None) == ""


def options() -> set[str]:
    subparsers = build_parser()._subparsers
    assert subparsers is not None
    commands = subparsers._group_actions[0].choices
    assert isinstance(commands, dict)
    return {option for parser in commands.values() for option in parser._option_string_actions}


@pytest.mark.parametrize("action", get_args(Action))
def test_every_action_has_words_and_its_options_and_menu_entries_are_there(action):
    terminal = in_terminal.words(Remedy(action=action))
    assert terminal.endswith(".")
    assert set(re.findall(r"--[a-z-]+", terminal)) <= options()
    menu, _, entry = in_window.ACTIONS[action].partition(" > ")
    assert entry in menu_entries() and menu.isalpha()
    assert in_window.words(Remedy(action=action)).startswith(f"{menu} > {entry}")


@pytest.mark.parametrize("name", sorted(EVERY_FIELD))
def test_every_field_can_be_named_by_both(name):
    section, _, field = name.partition(".")
    info = field_named(getattr(Specs(), section), field)
    default = value_of(Specs(), name)
    assert parse(info, as_text(info, default)) == default
    assert in_window.menu_entry(name).partition(" > ")[2] in menu_entries()
    problem = Problem(name, "It is wrong.", remedy=Remedy(((name, default),)))
    assert in_terminal.sentence(problem).startswith(f"{name}: It is wrong. Use --")
    assert in_window.sentence(problem).startswith(f"{info.label}: It is wrong. ")
    assert name not in in_window.sentence(problem)


def test_a_name_that_begins_another_leaves_nothing_of_it_in_a_log():
    problem = Problem("", "Anna-Maria and Anna are in both.", persons=("Anna", "Anna-Maria"))
    assert problem.without_persons == "person 2 and person 1 are in both."


def test_an_error_of_several_problems_names_no_person_in_a_file():
    problem = Problem("validation", "Images of Anna are in both.", persons=("Anna",))
    error = DataProblems([problem, Problem("a.png", "It is damaged.")])
    assert "Anna" in str(error)
    told = "validation: Images of person 1 are in both.\na.png: It is damaged."
    assert error.for_files == told
    assert UserError("One.", "Two.").for_files == "One.\nTwo."


def test_an_error_tells_its_problems_with_what_puts_each_right():
    error = UserError("First\nline.", "Second.", remedy=Remedy(action="resume"))
    assert str(error) == "First?line.\nSecond."
    assert [in_terminal.sentence(problem) for problem in error.problems] == [
        "First?line.",
        "Second. Use --resume.",
    ]
    assert in_window.all_sentences(error.problems) == (
        "First?line.\nSecond. Train > Resume the last training does that."
    )
    problems = [Problem("a.png", "is\tsmall."), Problem("training.loss", "mae does not fit.")]
    several = DataProblems(problems)
    assert str(several) == "a.png: is?small.\ntraining.loss: mae does not fit."
    assert in_window.all_sentences(several.problems) == "a.png: is?small.\nLoss: mae does not fit."
    assert in_terminal.all_words(several.problems) is None
    assert in_terminal.all_words(error.problems) == "Use --resume."
