"""Tk's file dialogs, which Linux uses: what they list, their colours, and what they return."""

from __future__ import annotations

import sys
import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deepimagetranslator.gui.system_dialogs import Boxes, system_boxes
from deepimagetranslator.gui.theme.theme import theme_of

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="other systems have file dialogs of their own"
)
OPEN, FOLDER = "__tk_filedialog", "__tk_choosedir"
ANY = (("All files", "*"),)
EVERY = ["sub", "a.png", "b.dcm", "c.txt"]
Opens = Callable[[Boxes, str], Any]
KINDS: dict[str, tuple[str, Opens, list[str]]] = {
    "images": (OPEN, lambda b, f: b.open_files("Load", f), ["sub", "a.png", "b.dcm"]),
    "any": (OPEN, lambda b, f: b.open_file("Open", f, ANY), EVERY),
    "save": (OPEN, lambda b, f: b.save_file("Save", f, "d.json", ANY), EVERY),
    "folder": (FOLDER, lambda b, f: b.folder("Folder", f), EVERY),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.png", "b.dcm", "c.txt", ".hidden.png"):
        (tmp_path / name).write_bytes(b"")
    for name in ("sub", ".config"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def boxes(root: tk.Tk) -> Boxes:
    return system_boxes(root)


def during(
    root: tk.Tk,
    dialog: str,
    opens: Callable[[], Any],
    act: Callable[[str], Any],
    cancel: bool = True,
) -> Any:
    """Open a dialog, act on it once it lists something, cancel it, and return its result."""
    path = f".{dialog}"

    def look() -> None:
        if int(root.tk.call("winfo", "exists", path)) and names(root, path):
            act(path)
            if cancel:
                root.tk.eval("after idle {set ::tk::Priv(selectFilePath) {}}")
        else:
            root.after(5, look)

    root.after(5, look)
    return opens()


def names(root: tk.Tk, path: str) -> list[str]:
    icons = f"{path}.contents.icons"
    count = int(root.tk.call(icons, "index", "end"))
    return [str(root.tk.call(icons, "get", number)) for number in range(count)]


def select(root: tk.Tk, path: str, name: str) -> None:
    """Click a name in the list."""
    root.tk.call(f"{path}.contents.icons", "selection", "set", names(root, path).index(name))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_listed(root: tk.Tk, boxes: Boxes, folder: Path, kind: str) -> None:
    dialog, opens, expected = KINDS[kind]
    listed: list[list[str]] = []
    during(
        root,
        dialog,
        lambda: opens(boxes, str(folder)),
        lambda path: listed.append(names(root, path)),
    )
    assert listed == [expected]


def test_hidden_files_can_be_shown(root: tk.Tk, boxes: Boxes, folder: Path) -> None:
    listed: list[list[str]] = []

    def show(path: str) -> None:
        root.tk.call(f"{path}.contents.f2.hidden", "invoke")
        root.tk.call("::tk::dialog::file::Update", path)
        listed.append(names(root, path))

    during(root, FOLDER, lambda: boxes.folder("Folder", str(folder)), show)
    assert {".config", ".hidden.png", "sub", "a.png"} <= set(listed[0])


@pytest.mark.parametrize("kind", ["images", "folder"])
def test_the_list_has_the_palette_s_colours(
    root: tk.Tk, boxes: Boxes, folder: Path, kind: str
) -> None:
    dialog, opens, _ = KINDS[kind]
    seen: list[tuple[str, set[str]]] = []

    def look(path: str) -> None:
        select(root, path, "sub")
        root.tk.call(f"{path}.contents.icons", "selection", "clear", 0, "end")
        canvas = f"{path}.contents.icons.cHull.canvas"
        texts = root.tk.splitlist(root.tk.call(canvas, "find", "withtag", "text"))
        fills = {str(root.tk.call(canvas, "itemcget", item, "-fill")) for item in texts}
        seen.append((str(root.tk.call(canvas, "cget", "-background")), fills))
        assert int(root.tk.call(canvas, "cget", "-width")) >= 700

    for palette in ("dark", "light"):  # the dialog is kept between its uses
        theme_of(root).apply(palette)
        during(root, dialog, lambda: opens(boxes, str(folder)), look)
        colours = theme_of(root).palette
        assert seen[-1] == (colours.field, {colours.text})


def press_ok(root: tk.Tk, path: str) -> None:
    root.tk.call(f"{path}.contents.f2.ok", "invoke")


def choose_file(root: tk.Tk, path: str) -> None:
    select(root, path, "a.png")
    press_ok(root, path)


def choose_folder(root: tk.Tk, path: str) -> None:
    select(root, path, "sub")
    press_ok(root, path)


def double_click_file(root: tk.Tk, path: str) -> None:
    select(root, path, "a.png")
    root.tk.call(f"{path}.contents.icons", "invoke")


def type_new(root: tk.Tk, path: str) -> None:
    """Tk asks for a second OK where the folder does not exist."""
    entry = f"{path}.contents.f2.ent"
    name = f"{root.tk.call(entry, 'get')}/new"
    root.tk.call(entry, "delete", 0, "end")
    root.tk.call(entry, "insert", 0, name)
    for _ in range(2):
        press_ok(root, path)


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (press_ok, ""),
        (choose_file, ""),
        (double_click_file, ""),
        (choose_folder, "sub"),
        (type_new, "new"),
    ],
)
def test_a_file_stands_for_its_folder_where_a_folder_is_asked_for(
    root: tk.Tk,
    boxes: Boxes,
    folder: Path,
    act: Callable[[tk.Tk, str], None],
    expected: str,
) -> None:
    chosen = during(
        root,
        FOLDER,
        lambda: boxes.folder("Folder", str(folder)),
        lambda path: act(root, path),
        cancel=False,
    )
    assert chosen == folder / expected
