"""The dialog "Values and window": the intensity normalization of inputs and targets."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import replace
from tkinter import ttk
from typing import Any

from deepimagetranslator.core.config.fields import field_named, parse
from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.config.validation import problems
from deepimagetranslator.core.data.intensity.chosen import chosen_normalizations
from deepimagetranslator.core.data.intensity.histogram import Distribution
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization, ValueRange
from deepimagetranslator.core.data.intensity.windows import PRESETS, Window
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.gui.dialogs.intensity import words
from deepimagetranslator.gui.dialogs.intensity.histogram import HELP, Histogram
from deepimagetranslator.gui.dialogs.intensity.reader import ReadPair, ValuesReader
from deepimagetranslator.gui.viewer.image_canvas import ImageCanvas
from deepimagetranslator.gui.viewer.shading import limits_in
from deepimagetranslator.gui.viewer.window_menu import window_words
from deepimagetranslator.gui.widgets.dialog import Dialog
from deepimagetranslator.gui.widgets.form_fields import MessageLabel

NAME, TITLE = "values", "Values and window"
SIDES = ("input", "target")
FIELDS = ("scaling", "low", "high", "offset")
OWN_LIMITS, CHOOSE = "Own limits", "Choose a window"
_LEAST_WIDTH = 1e-6
_BESIDE_PREVIEW = 760  # pixels at 100 per cent


def with_values(data: DataSpec, chosen: DataSpec) -> DataSpec:
    """``data`` with the settings of this dialog taken from ``chosen``."""
    names = [f"{side}_{name}" for side in SIDES for name in FIELDS]
    return replace(data, **{name: getattr(chosen, name) for name in [*names, "percentile"]})


class ValuesDialog(Dialog[DataSpec]):
    """The dialog; its constructor does not wait.

    Args:
        parent: a widget of the window in front of which the dialog appears.
        spec: the current data spec.
        pairs: the training pairs, whose values are read in a thread.
        read_pair: returns the images to show.
        on_ok: called with the new data spec.

    Attributes:
        spec: the data spec with the changes so far.
        side: the side in view, "input" or "target".
        reader: reads the values of the training set and the images in view.
        texts: the texts of the fields "low", "high", "centre", "width", "percentile", "offset".
    """

    aside = True

    def __init__(
        self,
        parent: tk.Misc,
        spec: DataSpec,
        pairs: Sequence[ImagePair],
        read_pair: ReadPair,
        on_ok: Callable[[DataSpec], object] | None = None,
    ) -> None:
        super().__init__(parent, NAME, TITLE, on_ok=on_ok)
        self.spec = spec
        self.side = "input"
        self._spread: Distribution | None = None
        self._spread_key = ("", 0.0)
        self._wrong: Problem | None = None
        self._quiet = False
        self.texts = {name: tk.StringVar(self) for name in words.NUMBERS}
        self.entries: dict[str, ttk.Entry] = {}
        self._build()
        for name, text in self.texts.items():
            text.trace_add("write", lambda *_, name=name: self._on_typed(name))
        self.reset_button = self.add_button("Reset to automatic", self.reset, left=True)
        self._pairs = tuple(pairs)
        self.reader = self._new_reader(read_pair)
        self.show_side("input")
        self.place(self.choice)

    def fill(self, pairs: Sequence[ImagePair], read_pair: ReadPair) -> None:
        """Read the values of images that were loaded after the dialog had been opened."""
        empty = self.reader.images[0] is None and not self.reader.busy
        if tuple(pairs) != self._pairs or empty:
            self._pairs, self._spread = tuple(pairs), None
            self.reader.close()
            self.reader = self._new_reader(read_pair)
            self._show()

    def _new_reader(self, read_pair: ReadPair) -> ValuesReader:
        return ValuesReader(self, self._pairs, read_pair, self._on_news, self._on_progress)

    def value(self) -> DataSpec | None:
        """The new data spec; None while a number is invalid."""
        return None if self._wrong is not None else self.spec

    def reset(self) -> None:
        """Set everything to automatic, for inputs and targets."""
        self.spec = with_values(self.spec, DataSpec())
        self._write_all()

    def show_side(self, side: str) -> None:
        """Show the settings of "input" or "target"."""
        self.side = side
        self._side_box.current(SIDES.index(side))
        choices = field_named(self.spec, f"{side}_scaling").choices
        self.choice.configure(values=[words.CHOICES[choice] for choice in choices])
        self._write_all()

    def choose(self, choice: str) -> None:
        """Choose a normalization; a new window starts with the limits shown before.

        Args:
            choice: a choice of ``DataSpec.input_scaling``.
        """
        known = self._normalization()
        if choice == "window" and known is not None and not self._get("low") < self._get("high"):
            self._put(low=known.low, high=known.high)
        self._put(scaling=choice)
        self._write_all()

    def set_limits(self, low: float, high: float) -> None:
        """Choose a window with these limits."""
        self._put(scaling="window", low=low, high=high)
        self._write_all()

    def destroy(self) -> None:
        """Close, and end the threads."""
        self.reader.close()
        super().destroy()

    # ---- building --------------------------------------------------------------------------

    def _build(self) -> None:
        px, body = self.theme.px, self.body
        body.columnconfigure(0, weight=1)
        head = ttk.Frame(body)
        head.grid(row=0, column=0, sticky="ew", pady=(0, px(10)))
        self._side_box = self._box(head, "Values of", ("Input images", "Target images"), 14)
        self._side_box.bind("<<ComboboxSelected>>", self._on_side, add=True)
        self.choice = self._box(head, "become 0 to 1 by", (), words.LONGEST)
        self.choice.bind("<<ComboboxSelected>>", self._on_choice, add=True)
        roomy = self.winfo_screenheight() >= px(700)
        self.histogram = Histogram(body, 560, 230 if roomy else 160, self.set_limits)
        self.histogram.grid(row=1, column=0, sticky="nsew")
        self._help(self.histogram, HELP)
        body.rowconfigure(1, weight=1)
        self.limits_row, self.details_row = ttk.Frame(body), ttk.Frame(body)
        self.limits_row.grid(row=2, column=0, sticky="w", pady=(px(10), 0))
        self.details_row.grid(row=3, column=0, sticky="w", pady=(px(8), 0))
        for name in ("low", "high", "centre", "width"):
            self._entry(self.limits_row, name)
        presets = [window_words(title, window) for title, window in PRESETS.values()]
        longest = max(map(len, presets))
        self.preset = self._box(self.details_row, "Preset", (*presets, OWN_LIMITS), longest)
        self.preset.bind("<<ComboboxSelected>>", self._on_preset, add=True)
        self._help(self.preset, words.PRESET_HELP)
        for name in ("percentile", "offset"):
            self._entry(self.details_row, name)
        self.meaning = ttk.Label(body, wraplength=px(660), justify="left")
        self.meaning.grid(row=4, column=0, sticky="nw", pady=(px(12), 0))
        self.message = MessageLabel(body, px(640))
        self.message.grid(row=5, column=0, sticky="nw", pady=(px(6), 0))
        for row in (4, 5):  # constant room for two lines each, so that the layout never jumps
            body.rowconfigure(row, minsize=2 * self.theme.font().metrics("linespace") + px(12))
        self.message.show(None)
        aside = ttk.Frame(body)
        aside.grid(row=0, column=1, rowspan=6, sticky="nsew", padx=(px(20), 0))
        ttk.Label(aside, text="After normalization", style="Bold.TLabel").pack(anchor="w")
        self.preview = ImageCanvas(aside)
        side = min(px(340), max(px(160), self.winfo_screenwidth() - px(_BESIDE_PREVIEW)))
        self.preview.configure(width=side, height=side)
        self.preview.pack(fill="both", expand=True, pady=(px(8), 0))

    def _box(
        self, parent: ttk.Frame, label: str, values: Sequence[str], width: int
    ) -> ttk.Combobox:
        """A read-only combo box with a label in front, which has an underlined letter."""
        box = ttk.Combobox(parent, values=list(values), state="readonly", width=width)
        before = ttk.Label(parent, text=label)
        before.configure(underline=self.mnemonics.add(label, box.focus_set))
        before.pack(side="left", padx=(0, self.theme.px(8)))
        box.pack(side="left", padx=(0, self.theme.px(16)))
        box.bind("<<ComboboxSelected>>", lambda _: box.selection_clear())
        return box

    def _entry(self, parent: ttk.Frame, name: str) -> None:
        label, unit, explained = words.NUMBERS[name]
        entry = ttk.Entry(
            parent, textvariable=self.texts[name], width=9 if name != "percentile" else 5
        )

        def focus() -> None:
            entry.focus_set()
            entry.selection_range(0, "end")

        before = ttk.Label(parent, text=label)
        before.configure(underline=self.mnemonics.add(label, focus))
        before.pack(side="left", padx=(0, self.theme.px(8)))
        entry.pack(side="left", padx=(0, self.theme.px(5 if unit else 16)))
        if unit:
            after = ttk.Label(parent, text=unit, style="Muted.TLabel")
            after.pack(side="left", padx=(0, self.theme.px(16)))
        self._help(entry, explained)
        self.entries[name] = entry

    def _help(self, widget: tk.Misc, text: str) -> None:
        for event in ("<Enter>", "<FocusIn>"):
            widget.bind(event, lambda _: self.show_help(text), add=True)

    # ---- input of the user -----------------------------------------------------------------

    def _on_side(self, _event: object) -> None:
        self.show_side(SIDES[self._side_box.current()])

    def _on_choice(self, _event: object) -> None:
        self.choose(field_named(self.spec, f"{self.side}_scaling").choices[self.choice.current()])

    def _on_preset(self, _event: object) -> None:
        if self.preset.get() != OWN_LIMITS:
            _, window = list(PRESETS.values())[self.preset.current()]
            self.set_limits(window.low, window.high)

    def _on_typed(self, name: str) -> None:
        """Take a number over, and keep limits, centre and width in step."""
        if self._quiet:
            return
        try:
            self._take(name)
        except UserError as error:
            self._wrong = Problem(name, str(error))
        else:
            self._wrong = next(iter(problems(self.spec)), None)
            self._write_numbers(but=name)
        for other, entry in self.entries.items():
            wrong = self._wrong is not None and other == name
            entry.state(["invalid" if wrong else "!invalid"])
        self._show()

    def _take(self, name: str) -> None:
        if name == "percentile":
            info = field_named(self.spec, "percentile")
            self.spec = replace(self.spec, percentile=parse(info, self.texts[name].get()))
            return
        if name in ("low", "high", "offset"):
            info = field_named(self.spec, f"{self.side}_{name}")
            self._put(**{name: parse(info, self.texts[name].get())})
            return
        info = replace(field_named(self.spec, f"{self.side}_low"), label=f"The {name}")
        if name == "width":
            info = replace(info, low=_LEAST_WIDTH)
        number = parse(info, self.texts[name].get())
        window = Window.between(self._get("low"), self._get("high"))
        window = replace(window, **{name: number})
        self._put(low=window.low, high=window.high)

    def _get(self, name: str) -> Any:
        return getattr(self.spec, f"{self.side}_{name}")

    def _put(self, **values: Any) -> None:
        named = {f"{self.side}_{name}": value for name, value in values.items()}
        self.spec = replace(self.spec, **named)

    def _on_news(self) -> None:
        if self._wrong is None:  # else keep the invalid text that the user is typing
            self._write_numbers()
        self._show()

    def _on_progress(self) -> None:
        self._show_histogram(self._normalization())

    # ---- display ---------------------------------------------------------------------------

    def _range(self) -> ValueRange | None:
        ranges = self.reader.ranges
        return None if ranges is None else ranges[SIDES.index(self.side)]

    def _normalization(self) -> IntensityNormalization | None:
        """The resulting normalization; None if the values are unknown or a number is invalid."""
        ranges = self.reader.ranges
        if problems(self.spec) or (ranges is None and self._get("scaling") != "window"):
            return None
        ranges = ranges or (ValueRange(), ValueRange())
        return chosen_normalizations(self.spec, *ranges)[SIDES.index(self.side)]

    def _write_all(self) -> None:
        """Write the settings of the side in view; invalid text in the fields is discarded."""
        self._wrong = next(iter(problems(self.spec)), None)
        choices = field_named(self.spec, f"{self.side}_scaling").choices
        self.choice.current(choices.index(self._get("scaling")))
        self._write_numbers()
        for entry in self.entries.values():
            entry.state(["!invalid"])
        self._show()

    def _write_numbers(self, but: str = "") -> None:
        """Write all numbers except that of the field ``but``, which the user is typing."""
        normalization = self._normalization()
        if self._get("scaling") == "window":
            limits: tuple[float, float] | None = (self._get("low"), self._get("high"))
        elif normalization is not None and normalization.kind != "image":
            limits = normalization.low, normalization.high
        else:
            limits = None
        numbers: dict[str, float | None] = dict.fromkeys(("low", "high", "centre", "width"))
        if limits is not None:
            window = Window.between(*limits)
            numbers = {"low": limits[0], "high": limits[1]}
            numbers |= {"centre": window.centre, "width": window.width}
        numbers |= {"offset": self._get("offset"), "percentile": self.spec.percentile}
        self._quiet = True
        for name, number in numbers.items():
            if name != but:
                self.texts[name].set("" if number is None else words.typed(number))
        self._quiet = False

    def _show(self) -> None:
        """Update everything from the settings."""
        normalization = None if self._wrong is not None else self._normalization()
        self._enable(normalization)
        self._show_histogram(normalization)
        self._show_preset()
        found, spread = self._range(), self._known_spread()
        self.meaning.configure(
            text=words.meaning(normalization, spread, found.unit if found else "")
        )
        remark = None
        if normalization is not None and found is not None and spread is not None:
            remark = words.remark(normalization, found.dtypes, spread)
        self.message.show(self._wrong or remark)
        self.ok_button.state(["disabled" if self._wrong is not None else "!disabled"])
        self._side_box.state(["disabled" if self._wrong is not None else "!disabled"])
        image = self.reader.images[SIDES.index(self.side)]
        if image is None:
            missing = "" if self.reader.busy else words.NO_IMAGE
            self.preview.show(None, hint=self.reader.trouble or missing)
        elif normalization is not None:
            self.preview.show(image, limits_in(image, normalization))
        elif self.preview.image is not image:
            self.preview.show(image)

    def _enable(self, normalization: IntensityNormalization | None) -> None:
        """Enable only the fields that have an effect."""
        choice, found = self._get("scaling"), self._range()
        ranged = normalization is None or normalization.kind in ("data", "window")
        integers = found is None or found.dtypes != {"float32"}
        on = dict.fromkeys(("low", "high", "centre", "width"), choice == "window")
        on |= {"percentile": choice == "percentiles", "offset": ranged and integers}
        for name, entry in self.entries.items():
            entry.state(["!disabled" if on[name] else "disabled"])

    def _known_spread(self) -> Distribution | None:
        """The distribution of this side's values, cached by side and offset."""
        found, key = self._range(), (self.side, self._get("offset"))
        if found is None or not found.dtypes:
            return None
        if self._spread is None or self._spread_key != key:
            self._spread, self._spread_key = found.distribution(key[1]), key
        return self._spread

    def _show_histogram(self, normalization: IntensityNormalization | None) -> None:
        if not self.reader.count:
            hint = words.NO_IMAGES
        else:
            hint = f"Reading the training images: {self.reader.done} of {self.reader.count}"
        shown = normalization is not None and normalization.kind != "image"
        limits = (
            (normalization.low, normalization.high) if normalization is not None and shown else None
        )
        self.histogram.show(self._known_spread(), limits, hint)

    def _show_preset(self) -> None:
        windows = [window for _, window in PRESETS.values()]
        window = Window.between(self._get("low"), self._get("high"))
        if self._get("scaling") == "window":
            self.preset.current(windows.index(window) if window in windows else len(windows))
        else:
            self.preset.set(CHOOSE)
