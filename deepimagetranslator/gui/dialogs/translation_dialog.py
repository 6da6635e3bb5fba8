"""The dialog for translating files and folders."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tkinter import ttk
from types import MappingProxyType

from deepimagetranslator.core.config.presets import preset
from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.export.layout import require_folder
from deepimagetranslator.gui.widgets.dialog import Dialog
from deepimagetranslator.gui.widgets.form import Form, Group
from deepimagetranslator.gui.widgets.form_fields import MessageLabel
from deepimagetranslator.gui.widgets.words import shown_word

TRANSLATION = "translation"
Weights = Path | tuple[Path, ...]
"""A weights file, or several that translate together."""
Start = Callable[[Weights, Path, TranslationSpec], object]
_WIDEST = 56

_WEIGHTS_HELP = (
    "The trained network that translates the images. The networks of an open study translate "
    "together, with maps of their disagreement."
)

TRANSLATION_GROUPS = (
    Group("What is written", ("output", "file_format", "value_type", "confidence", "overwrite")),
    Group("How", ("large_images", "mirrors", "batch_size", "clean_up", "accept_values")),
)


@dataclass(frozen=True)
class TranslationChoice:
    """The result of the translation dialog: weights, output folder and spec."""

    weights: Weights
    output: Path
    spec: TranslationSpec


class TranslationDialog(Dialog[TranslationChoice]):
    """Translate and save: weights, output folder and spec; the constructor does not wait.

    Args:
        parent: a widget of the window in front of which it appears.
        spec: the initial values.
        current, best: weights files; None if missing.
        epochs: saved weights files by epoch.
        together: by what is shown, weights files that translate together.
        folder: the initial output folder.
        ask_folder: asks for another folder; gives None if the user cancels.
        on_ok: called by "Translate" with the weights, the folder and the spec.
    """

    def __init__(
        self,
        parent: tk.Misc,
        spec: TranslationSpec,
        *,
        current: Path | None,
        best: Path | None,
        epochs: Mapping[int, Path],
        folder: Path,
        ask_folder: Callable[[], Path | None],
        together: Mapping[str, tuple[Path, ...]] = MappingProxyType({}),
        on_ok: Start | None = None,
    ) -> None:
        def start(choice: TranslationChoice) -> None:
            if on_ok is not None:
                on_ok(choice.weights, choice.output, choice.spec)

        super().__init__(parent, TRANSLATION, "Translate and save", "Translate", start)
        self._spec = spec
        self._ask_folder = ask_folder
        named = {f"Epoch {epoch}": path for epoch, path in sorted(epochs.items())}
        firsts = {"Current model": current, "Best epoch": best}
        self._weights: dict[str, Weights] = {words: path for words, path in firsts.items() if path}
        self._weights |= together
        self._weights |= named
        self.weights = tk.StringVar(self, next(iter(self._weights), ""))
        self.folder = tk.StringVar(self, str(folder))
        self.body.columnconfigure(0, weight=1)
        self._label_width = 0
        self._build_ends()
        self.form: Form[TranslationSpec] = Form(
            self.body,
            TranslationSpec,
            TRANSLATION_GROUPS,
            mnemonics=self.mnemonics,
            on_change=self._on_change,
            on_help=self.show_help,
        )
        self._ends.columnconfigure(0, minsize=self.form.align_labels(self._label_width))
        self.form.grid(row=1, column=0, sticky="nw", pady=(self.theme.px(14), 0))
        self.reset_button = self.add_button("Reset", self.reset, left=True)
        self.form.show(spec)
        for variable in (self.weights, self.folder):
            variable.trace_add("write", lambda *_names: self._on_change())
        self.place(self.weights_box)

    def value(self) -> TranslationChoice | None:
        """The chosen values; None while something is missing or invalid."""
        spec, folder = self.form.read(), self.folder.get().strip()
        weights = self._weights.get(self.weights.get())
        if spec is None or weights is None or self._folder_problem(folder):
            return None
        return TranslationChoice(weights, Path(folder).expanduser(), spec)

    def reset(self) -> None:
        """Show the recommended values."""
        self.form.show(preset("recommended").translation)

    def choose_folder(self) -> None:
        """Ask for the folder."""
        folder = self._ask_folder()
        if folder is not None:
            self.folder.set(str(folder))

    def _on_change(self) -> None:
        self._follow_output()
        self.ok_button.state(["disabled" if self.value() is None else "!disabled"])
        no_weights = "There are no weights yet; train or load a model first."
        known = self.weights.get() in self._weights
        self.weights_message.show(None if known else Problem("weights", no_weights))
        wrong = self._folder_problem(self.folder.get().strip())
        self.folder_message.show(Problem("folder", wrong) if wrong else None)

    def _folder_problem(self, folder: str) -> str:
        """Why images cannot be written there; empty if they can."""
        if not folder:
            return "Choose a folder for the translated images."
        try:
            require_folder(Path(folder).expanduser())
        except UserError as error:
            return str(error)
        return ""

    def _follow_output(self) -> None:
        """Update fields that depend on others: label maps have their own type, and only they are
        cleaned up; several networks show where they disagree instead of a confidence."""
        variables = self.form.fields.variables
        several = isinstance(self._weights.get(self.weights.get()), tuple)
        self.form.controls["confidence"].state(["disabled" if several else "!disabled"])
        if several:
            variables["confidence"].set("false")
        labels = variables["output"].get() in map(shown_word, ("labels", "classes"))
        self.form.controls["value_type"].state(["disabled" if labels else "!disabled"])
        if labels:
            variables["value_type"].set(shown_word("automatic"))
        values = variables["output"].get() == shown_word("values")
        self.form.controls["clean_up"].state(["disabled" if values else "!disabled"])

    def _build_ends(self) -> None:
        """Build the fields for the weights and the output folder."""
        px = self.theme.px
        ends = self._ends = ttk.Frame(self.body)
        ends.grid(row=0, column=0, sticky="ew")
        ends.columnconfigure(1, weight=1)
        heading = ttk.Label(ends, text="From and to", style="Heading.TLabel")
        heading.grid(row=0, column=0, columnspan=3, sticky="w", pady=(0, px(6)))
        self.weights_box = ttk.Combobox(
            ends,
            textvariable=self.weights,
            values=list(self._weights),
            state="readonly",
            width=min(_WIDEST, max([20, *(len(words) + 2 for words in self._weights)])),
        )
        self.weights_box.grid(row=1, column=1, columnspan=2, sticky="w", pady=px(3))
        self.folder_entry = ttk.Entry(ends, textvariable=self.folder, width=44)
        self.folder_entry.grid(row=3, column=1, sticky="ew", pady=px(3))
        self.folder_button = ttk.Button(ends, text="Choose...", command=self.choose_folder)
        self.folder_button.grid(row=3, column=2, padx=(px(8), 0))
        self.folder_button.configure(
            underline=self.mnemonics.add("Choose...", self.folder_button.invoke)
        )
        rows = (
            (1, "Weights", self.weights_box, _WEIGHTS_HELP),
            (3, "Output folder", self.folder_entry, "Where the translated images are written."),
        )
        self.weights_message = MessageLabel(ends, px(420))
        self.folder_message = MessageLabel(ends, px(420))
        for row, message in ((2, self.weights_message), (4, self.folder_message)):
            message.grid(row=row, column=0, columnspan=3, sticky="w", pady=(0, px(4)))
            message.show(None)
        for row, words, control, sentence in rows:
            label = ttk.Label(ends, text=words)
            label.grid(row=row, column=0, sticky="w", padx=(0, px(14)))
            label.configure(underline=self.mnemonics.add(words, control.focus_set))
            self._explain(label, sentence)
            self._explain(control, sentence)
            self._label_width = max(self._label_width, label.winfo_reqwidth() + px(14))

    def _explain(self, widget: tk.Misc, sentence: str) -> None:
        # Tab would stop at a label with a focus binding.
        label = isinstance(widget, ttk.Label)
        for event in ("<Enter>",) if label else ("<Enter>", "<FocusIn>"):
            widget.bind(event, lambda _event: self.show_help(sentence), add=True)
