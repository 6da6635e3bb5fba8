"""The ttk styles of the theme, for a palette and a scaling."""

from __future__ import annotations

from collections.abc import Mapping
from tkinter import ttk

from PIL import ImageTk

from deepimagetranslator.gui.theme.button_styles import (
    FontNamed,
    Layout,
    Px,
    configure_buttons,
)
from deepimagetranslator.gui.theme.palette import Palette

Key = tuple[str, int]
CHECK, ARROW, SPIN, SLIDER = 16, 12, 9, 16
OFF = "-disabled"
HELD = ("-hover", OFF)
DOWN, SPIN_UP, SPIN_DOWN = ("down", ARROW), ("up", SPIN), ("down", SPIN)
ELEMENT_ICONS = (
    *((f"check-{on}{state}", CHECK) for on in ("on", "off") for state in ("", *HELD)),
    *((f"{way}{state}", side) for way, side in (DOWN, SPIN_UP, SPIN_DOWN) for state in ("", OFF)),
    *((f"slider{state}", SLIDER) for state in ("", *HELD)),
)
"""The names and sizes of the icons that ``create_elements`` needs."""


def create_elements(style: ttk.Style, icons: Mapping[Key, ImageTk.PhotoImage]) -> None:
    """Replace clam's check marks, sliders and arrows by drawn icons; call it once per theme."""
    check = {name: icons[name, CHECK] for name, side in ELEMENT_ICONS if side == CHECK}
    style.element_create(
        "Drawn.indicator",
        "image",
        check["check-off"],
        ("disabled", "selected", check["check-on-disabled"]),
        ("disabled", check["check-off-disabled"]),
        ("selected", "active", check["check-on-hover"]),
        ("selected", check["check-on"]),
        ("active", check["check-off-hover"]),
        sticky="w",
        width=check["check-off"].width() * 11 // 8,
    )
    style.element_create(
        "Drawn.slider",
        "image",
        check["slider"],
        ("disabled", check["slider-disabled"]),
        ("active", check["slider-hover"]),
        sticky="",
    )
    arrows = {"Drawn.downarrow": DOWN, "Spin.uparrow": SPIN_UP, "Spin.downarrow": SPIN_DOWN}
    for element, (name, side) in arrows.items():
        image = icons[name, side]
        style.element_create(
            element,
            "image",
            image,
            ("disabled", icons[name + OFF, side]),
            sticky="",
            # Keeps a distance between the arrow and the field's edge.
            width=image.width() * 2,
        )


def configure_styles(style: ttk.Style, palette: Palette, px: Px, font: FontNamed) -> None:
    """Give every ttk style its colours and sizes."""
    style.configure(
        ".",
        background=palette.background,
        foreground=palette.text,
        fieldbackground=palette.field,
        bordercolor=palette.border,
        lightcolor=palette.background,
        darkcolor=palette.background,
        troughcolor=palette.trough,
        selectbackground=palette.selection,
        selectforeground=palette.selection_text,
        insertcolor=palette.text,
        insertwidth=px(1),
        focuscolor=palette.accent,
        font=font("text"),
    )
    style.map(".", foreground=[("disabled", palette.disabled)])
    _labels(style, palette, font)
    configure_buttons(style, palette, px, font)
    _fields(style, palette, px)
    _check_buttons(style, palette, px)
    _lists_and_tabs(style, palette, px, font)
    _bars(style, palette, px)


def _labels(style: ttk.Style, palette: Palette, font: FontNamed) -> None:
    style.configure("Muted.TLabel", foreground=palette.muted)
    style.configure("Small.TLabel", foreground=palette.muted, font=font("small"))
    style.configure("Error.TLabel", foreground=palette.error)
    style.configure("Warning.TLabel", foreground=palette.warning)
    style.configure("Heading.TLabel", font=font("heading"))
    style.configure("Bold.TLabel", font=font("bold"))
    style.configure("Pane.TFrame", background=palette.pane)
    style.configure("Line.TFrame", background=palette.border)
    style.configure("Pane.TLabel", background=palette.pane)
    style.configure("TLabelframe", bordercolor=palette.border, relief="solid", borderwidth=1)
    style.configure("TLabelframe.Label", font=font("bold"))


def _fields(style: ttk.Style, palette: Palette, px: Px) -> None:
    for name in ("TEntry", "TCombobox", "TSpinbox"):
        style.configure(
            name,
            fieldbackground=palette.field,
            foreground=palette.text,
            background=palette.field,
            lightcolor=palette.field,
            darkcolor=palette.field,
            padding=(px(6), px(4)),
            arrowcolor=palette.text,
            relief="flat",
        )
        style.map(
            name,
            fieldbackground=[("disabled", palette.background), ("readonly", palette.field)],
            foreground=[("disabled", palette.disabled)],
            bordercolor=[
                ("invalid", palette.error),
                ("focus", palette.accent),
                ("disabled", palette.disabled),
            ],
            lightcolor=[
                ("invalid", palette.error),
                ("focus", palette.accent),
                ("disabled", palette.background),
            ],
            darkcolor=[
                ("invalid", palette.error),
                ("focus", palette.accent),
                ("disabled", palette.background),
            ],
            # The value of a read-only box must not look like selected text.
            selectbackground=[("readonly", palette.field)],
            selectforeground=[("readonly", palette.text)],
        )
    # "Entry.field" draws its right edge; clam's own fields of these two do not.
    text = (
        "Entry.padding",
        {"expand": "1", "sticky": "nswe", "children": [("Entry.textarea", {"sticky": "nswe"})]},
    )
    down = ("Drawn.downarrow", {"side": "right", "sticky": "ns"})
    box: Layout = [("Entry.field", {"sticky": "nswe", "children": [down, text]})]
    style.layout("TCombobox", box)
    halves = [
        ("Spin.uparrow", {"side": "top", "sticky": "e"}),
        ("Spin.downarrow", {"side": "bottom", "sticky": "e"}),
    ]
    arrows = ("null", {"side": "right", "sticky": "", "children": halves})
    spin: Layout = [("Entry.field", {"sticky": "nswe", "children": [arrows, text]})]
    style.layout("TSpinbox", spin)


def _check_buttons(style: ttk.Style, palette: Palette, px: Px) -> None:
    words = ("Checkbutton.label", {"sticky": "nswe"})
    focus = ("Checkbutton.focus", {"side": "left", "sticky": "w", "children": [words]})
    inner = [("Drawn.indicator", {"side": "left", "sticky": ""}), focus]
    layout: Layout = [("Checkbutton.padding", {"sticky": "nswe", "children": inner})]
    style.layout("TCheckbutton", layout)
    style.configure("TCheckbutton", padding=(px(1), px(3)), background=palette.background)
    style.map("TCheckbutton", background=[], foreground=[("disabled", palette.disabled)])


def _lists_and_tabs(style: ttk.Style, palette: Palette, px: Px, font: FontNamed) -> None:
    style.configure(
        "Treeview",
        background=palette.field,
        fieldbackground=palette.field,
        foreground=palette.text,
        rowheight=font("text").metrics("linespace") + px(8),
        borderwidth=0,
    )
    style.map(
        "Treeview",
        background=[("selected", palette.selection)],
        foreground=[("selected", palette.selection_text)],
    )
    style.configure(
        "Treeview.Heading",
        background=palette.raised,
        lightcolor=palette.raised,
        darkcolor=palette.raised,
        font=font("bold"),
        padding=(px(6), px(4)),
        relief="flat",
    )
    style.map("Treeview.Heading", background=[("active", palette.hover)])
    style.configure("TNotebook", bordercolor=palette.border, tabmargins=(0, px(2), 0, 0))
    style.configure(
        "TNotebook.Tab",
        background=palette.trough,
        lightcolor=palette.trough,
        padding=(px(14), px(6)),
    )
    style.map(
        "TNotebook.Tab",
        background=[("selected", palette.background), ("active", palette.hover)],
        lightcolor=[("selected", palette.background), ("active", palette.hover)],
        padding=[("selected", (px(14), px(6)))],
        expand=[("selected", (0, 0, 0, 0))],
    )


def _bars(style: ttk.Style, palette: Palette, px: Px) -> None:
    style.configure(
        "TProgressbar",
        background=palette.accent,
        lightcolor=palette.accent,
        darkcolor=palette.accent,
        bordercolor=palette.trough,
        troughcolor=palette.trough,
        thickness=px(10),
    )
    for way in ("Horizontal", "Vertical"):
        slider = ("Drawn.slider", {"side": "left" if way == "Horizontal" else "top", "sticky": ""})
        groove = (f"{way}.Scale.trough", {"sticky": "nswe", "children": [slider]})
        scale: Layout = [groove]
        style.layout(f"{way}.TScale", scale)
    style.configure("TScale", bordercolor=palette.trough, troughcolor=palette.trough)
    for way in ("Vertical", "Horizontal"):
        sticky = "ns" if way == "Vertical" else "we"
        thumb = (f"{way}.Scrollbar.thumb", {"expand": "1", "sticky": "nswe"})
        trough = (f"{way}.Scrollbar.trough", {"sticky": sticky, "children": [thumb]})
        layout: Layout = [trough]
        style.layout(f"{way}.TScrollbar", layout)
    style.configure(
        "TScrollbar",
        background=palette.border,
        lightcolor=palette.border,
        darkcolor=palette.border,
        bordercolor=palette.trough,
        troughcolor=palette.trough,
        gripcount=0,
        arrowsize=px(12),
    )
    style.map(
        "TScrollbar",
        background=[("disabled", palette.trough), ("active", palette.muted)],
        lightcolor=[("disabled", palette.trough), ("active", palette.muted)],
        darkcolor=[("disabled", palette.trough), ("active", palette.muted)],
    )
    style.configure("Sash", sashthickness=px(8), gripcount=0, background=palette.background)
    style.configure("TSeparator", background=palette.border)
