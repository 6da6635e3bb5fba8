"""What a study can vary, by the labels of the window."""

from __future__ import annotations

from dataclasses import dataclass

from deepimagetranslator.core.config.chosen import info_of, value_of
from deepimagetranslator.core.config.fields import FieldInfo, fields_of
from deepimagetranslator.core.config.presets import PRESETS
from deepimagetranslator.core.config.specs import OPERATIONS, VALUE_LOSSES, Specs
from deepimagetranslator.core.study.variations import AUGMENTATION, PRESET

ON_OFF = ("on", "off")
DEEP_SUPERVISION, LOSS = "model.deep_supervision", "training.loss"
_SECTION_WORDS = {
    "data": "Data",
    "model": "Network",
    "training": "Training",
    "augmentation": "Augmentation",
    "translation": "Translation",
}
_LISTS = ("names", "texts", "paths")
_VALUE_LOSSES, _LABEL_LOSSES = ("mae", "mse"), ("dice_crossentropy", "binary_crossentropy")


@dataclass(frozen=True)
class Axis:
    """One thing that is varied.

    Attributes:
        name: SECTION.FIELD, "preset" or "augmentation".
        values: as typed or ticked, separated by commas.
    """

    name: str
    values: str

    @property
    def text(self) -> str:
        """As the option of the command has it."""
        return f"{self.name}={self.values}"


def labels() -> dict[str, str]:
    """By its name in the specs, the label of everything that can be varied."""
    found = {PRESET: "All settings: preset", AUGMENTATION: "Augmentation: all operations"}
    for section, words in _SECTION_WORDS.items():
        for info in fields_of(getattr(Specs(), section)):
            if info.kind not in _LISTS:
                found[f"{section}.{info.name}"] = f"{words}: {_label(section, info)}"
    return found


def words_of(name: str) -> tuple[str, ...]:
    """The values to choose among; empty for numbers, which are typed."""
    if name == PRESET:
        return tuple(PRESETS)
    if name == AUGMENTATION:
        return ON_OFF
    info = info_of(name)
    return ON_OFF if info.kind == "bool" else info.choices


def help_of(name: str) -> str:
    """What varying it means."""
    if name == PRESET:
        return "Network, training and augmentation as in the preset."
    if name == AUGMENTATION:
        return "On: as in the project; off: no operation at all."
    info = info_of(name)
    return info.help if words_of(name) else f"{info.help} Values: {info.bounds()}, such as 1, 2."


def usual(name: str, specs: Specs) -> Axis:
    """The axis with the values that are mostly compared.

    Args:
        name: what is varied.
        specs: those of the project; their value comes first.
    """
    if name == LOSS:
        own = specs.training.loss
        others = _VALUE_LOSSES if own in VALUE_LOSSES else _LABEL_LOSSES
        return Axis(name, f"{own}, {next(loss for loss in others if loss != own)}")
    words = words_of(name)
    if len(words) == 2:
        return Axis(name, ", ".join(words))
    return Axis(name, str(value_of(specs, name)))


def _label(section: str, info: FieldInfo) -> str:
    """A field's label, for a tick of an augmentation operation with the operation's name."""
    operation = info.name.rpartition("_")[0]
    if section != "augmentation" or operation not in OPERATIONS:
        return info.label
    return f"{operation.replace('_', ' ').capitalize()}, {info.label.lower()}"
