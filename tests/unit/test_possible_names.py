"""Names that no file can have: refused with a sentence wherever a user can give one."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deepimagetranslator import cli
from deepimagetranslator.app.settings import Settings
from deepimagetranslator.cli.arguments import build_parser
from deepimagetranslator.core.config.project import load_project
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.system.system_path import MOST_NAME, require_possible
from deepimagetranslator.gui.actions.pickers import Pickers
from deepimagetranslator.gui.system_dialogs import Boxes

LONG = "x" * 300


@pytest.mark.parametrize(
    "name", [LONG, f"folder/{LONG}/a.png", "ab/" * 12_000 + "a.png", "a\0.png"]
)
def test_impossible(name: str) -> None:
    with pytest.raises(UserError, match="choose a") as caught:
        require_possible(Path("a.png"), Path(name))
    assert len(str(caught.value)) < 400 or "\0" in name


@pytest.mark.parametrize(
    "name", ["", ".", "a.png", "x" * MOST_NAME, "é" * 100, "ab/" * 200, "\udcff"]
)
def test_possible(name: str) -> None:
    require_possible(Path(name))


def _commands(
    parser: argparse.ArgumentParser, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    parts = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    for part in parts:
        for name, own in part.choices.items():
            yield from _commands(own, (*words, name))
    if not parts:
        yield words, parser


def _given(parser: argparse.ArgumentParser, long: argparse.Action) -> list[str]:
    """The shortest line for a command with an impossible name in one place."""
    line: list[str] = []
    last: list[str] = []
    groups = [group._group_actions for group in parser._mutually_exclusive_groups if group.required]
    needed = [group[0] for group in groups if long not in group]
    for action in parser._actions:
        if action is not long and action not in needed and not action.required:
            continue
        value = LONG if action is long else "a"
        if action.option_strings:
            line += [action.option_strings[0], value]
        else:
            last.append(value)
    return [*last, *line]


PLACES = [
    pytest.param(words, _given(parser, action), id=f"{' '.join(words)} {action.dest}")
    for words, parser in _commands(build_parser())
    for action in parser._actions
    if action.type is Path
]


def test_there_are_places() -> None:
    assert len(PLACES) > 15


@pytest.mark.parametrize(("command", "line"), PLACES)
def test_the_command_line(
    command: tuple[str, ...], line: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*command, *line]) == 2
    assert "is too long (300" in capsys.readouterr().err


def test_the_windows_pickers(tmp_path: Path) -> None:
    def one(*_: object) -> Path:
        return tmp_path / LONG

    def nothing(*_: object) -> None:
        raise AssertionError("not asked")

    boxes = Boxes(
        open_files=lambda *_: [one()],
        open_file=one,
        folder=one,
        save_file=one,
        yes=nothing,  # type: ignore[arg-type]
        inform=nothing,
        choose=nothing,  # type: ignore[arg-type]
        fail=nothing,
        colour=nothing,
    )
    pickers = Pickers(boxes, Settings(tmp_path / "settings.json"))
    for ask in (
        lambda: pickers.images("", "a"),
        lambda: pickers.file("", "a", []),
        lambda: pickers.folder("", "a"),
        lambda: pickers.new_file("", "a", [], "a"),
    ):
        with pytest.raises(UserError, match="too long"):
            ask()


def test_in_a_project_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = tmp_path / "a.json"
    for long in (LONG, "a/" * 3000, f"{LONG}.nii/0001", "a\0b"):
        data = {part: [long] for part in ("train_inputs", "train_targets")}
        project.write_text(json.dumps({"format": 1, "runs": [long], "data": data}))
        assert cli.main(["check", str(project)]) == 2
        told = capsys.readouterr().err
        assert "Files that cannot be read:" in told
        assert "Unexpected" not in told


@pytest.mark.parametrize("name", ["a\x1b[2J.png", "a\rb.png", "a\x9b1m.png", "a\nb.png", "\u2028"])
def test_control_characters_of_a_project_do_not_reach_the_terminal(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = {part: [name] for part in ("train_inputs", "train_targets")}
    (tmp_path / "a.json").write_text(json.dumps({"format": 1, "data": data}))
    assert cli.main(["check", str(tmp_path / "a.json")]) == 2
    told = capsys.readouterr().err
    assert "?" in told
    assert not set(told) & {"\x1b", "\r", "\x9b", "\u2028"}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"format": 1,\n "data": {"a" 1}}', "line 2, column 15"),
        ('{"format": 1,\n\n}', "line 3, column 1"),
        ("", "line 1, column 1"),
        ("\ufeff{}", "line 1, column 1"),
        ('{"format": 1}\n{"format": 1}', "line 2, column 1"),
        ('{"preset": "a\tb"}', "line 1, column 14"),
    ],
)
def test_a_broken_project_names_the_place(tmp_path: Path, text: str, place: str) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=place) as caught:
        load_project(tmp_path / "a.json")
    assert "a.json" in str(caught.value)


def test_a_project_that_is_no_text_names_the_byte(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"format": \xff}')
    with pytest.raises(UserError, match=r"a\.json .*UTF-8 text at byte 11"):
        load_project(tmp_path / "a.json")
