"""Suggested settings: what follows from the images for fields that the user has not chosen.

Network, loss and augmentation follow from the kind of the targets (here), amounts of the
augmentation in pixels from the size of the network's input (``core.data.amounts``). What is
suggested won in ``tests/benchmarks/accuracy``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from deepimagetranslator.core.config.chosen import value_of, with_values
from deepimagetranslator.core.config.presets import RECOMMENDED, preset
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.config.specs import VALUE_LOSSES, DataSpec, ModelSpec, Specs
from deepimagetranslator.core.config.validation import problems
from deepimagetranslator.core.data import amounts
from deepimagetranslator.core.data.amounts import Size
from deepimagetranslator.core.data.facts import target_facts
from deepimagetranslator.core.data.intensity.chosen import (
    chosen_normalization,
    chosen_normalizations,
)
from deepimagetranslator.core.data.intensity.conversion import conversion
from deepimagetranslator.core.data.intensity.normalization import ValueRange
from deepimagetranslator.core.data.labels.choice import choose_palette, learnt_range
from deepimagetranslator.core.data.labels.colours import ColourCount
from deepimagetranslator.core.data.pair_lists import matched
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.targets import read_target
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef, parse_images
from deepimagetranslator.core.imaging.images import image_size

_LOOKED_AT = 24

PURE_LABELS, MIXED_LABELS, VALUES = "pure labels", "mixed labels", "values"
WORDS = {
    PURE_LABELS: "the targets are label maps",
    MIXED_LABELS: "the targets are label maps in mixed colours",
    VALUES: "the targets are images of many values",
}
"""The kinds of targets in words, for messages."""

_OTHER_SCANNERS = ("noise", "blur", "offset", "gain", "stretch")
"""The augmentation operations that stand for other scanners and persons of other sizes."""
_PLAIN: Mapping[str, Any] = {
    name: value_of(preset(RECOMMENDED), name)
    for name in (
        "training.loss",
        "training.metrics",
        "model.final_activation",
        "model.normalization",
        "model.initialization",
        "model.residual",
        "augmentation.noise",
        *(f"augmentation.{operation}_input" for operation in _OTHER_SCANNERS),
        "augmentation.stretch_target",
    )
}
_FOR_LABELS: Mapping[str, Any] = {
    **_PLAIN,
    "augmentation.noise": 0.06,
    **dict.fromkeys((f"augmentation.{operation}_input" for operation in _OTHER_SCANNERS), True),
    "augmentation.stretch_target": True,
}
_SUGGESTED: Mapping[str, Mapping[str, Any]] = {
    PURE_LABELS: _FOR_LABELS,
    MIXED_LABELS: {**_FOR_LABELS, "model.final_activation": "softmax"},
    # Normalization layers and LSUV initialization make the network lose absolute intensity.
    VALUES: {
        **_PLAIN,
        "training.loss": "mae",
        "training.metrics": ("mse",),
        "model.normalization": "none",
        "model.initialization": "he_normal",
        "model.residual": True,
    },
}
FOR_TARGETS = frozenset(_PLAIN)
"""The fields that follow from the targets until the user has chosen them."""
SUGGESTED = FOR_TARGETS | amounts.FIELDS
"""All fields with suggested settings."""

_ON_CLASSES = ("dice", "dice_crossentropy")
_BASIS = (
    "data.train_inputs",
    "data.large_images",
    "model.input_height",
    "model.input_width",
    "model.depth",
    "model.input_channels",
    "model.target_channels",
    "model.final_activation",
    "training.loss",
    "augmentation.behaviour",
    "data.train_targets",
    "data.target_changes",
    "data.target_kind",
    "data.labels",
    "data.snap_labels",
    "data.input_scaling",
    "data.input_offset",
    "data.target_scaling",
    "data.target_low",
    "data.target_high",
    "data.target_offset",
    "data.percentile",
)


@dataclass(frozen=True)
class SeenTargets:
    """Statistics of some of the training targets, and facts about their inputs.

    Attributes:
        colours: their colours.
        values: their values.
        sizes: height and width of the inputs, each once, that of the first input first.
        inputs: types and channels of the inputs; their values may be missing.
    """

    colours: ColourCount
    values: ValueRange
    sizes: tuple[Size, ...] = ()
    inputs: ValueRange = field(default_factory=ValueRange)

    def kind(self, data: DataSpec) -> str:
        """The kind of the targets: ``PURE_LABELS``, ``MIXED_LABELS`` or ``VALUES``.

        Blurred label maps and instance masks count as label maps, as the data check offers a
        repair that makes them so. Empty if unknown: there are no targets, or the spec is invalid.
        """
        if not self.values.dtypes or problems(data):
            return ""
        if data.target_kind == "values":
            return VALUES
        palette, _ = choose_palette(data, self.colours, ColourCount())
        palette = palette or self.colours.blurred_palette()
        if palette is None:
            numbered = data.target_kind == "labels" or self.colours.instances
            return PURE_LABELS if numbered else VALUES
        scaling = chosen_normalization(data, "target", learnt_range(self.values, palette))
        return PURE_LABELS if palette.is_pure(scaling) else MIXED_LABELS

    def can_add_inputs(self, data: DataSpec, model: ModelSpec) -> bool:
        """Whether the values of the inputs are known in those of the targets, channel by channel,
        as a residual output needs."""
        channels = model.input_channels, model.target_channels
        ours, theirs = (
            {chosen} if chosen else seen.channels
            for chosen, seen in zip(channels, (self.inputs, self.values), strict=True)
        )
        if len(ours) != 1 or ours != theirs or problems(data):
            return False
        return conversion(*chosen_normalizations(data, self.inputs, self.values)) is not None


NOTHING_SEEN = SeenTargets(ColourCount(), ValueRange())


def look_at(
    targets: Sequence[ImageRef] | Sequence[ImagePair], inputs: Sequence[ImageRef] = ()
) -> SeenTargets:
    """Read an even sample of the targets, of pairs with their changes, and sizes of the inputs.

    Unreadable images are skipped. The data check that follows does not read the files of the
    targets again.
    """
    colours, values = ColourCount(), ValueRange()
    for target in targets[:: _step(targets)]:
        image = target.target if isinstance(target, ImagePair) else target
        if image.slice is None:
            facts = target_facts(target)
            colours.merge(facts.colours)
            values.merge(facts.values)
        else:  # its facts would need its whole file, which takes too long here
            with suppress(UserError):
                pixels = read_target(target)
                colours.add(pixels)
                values.add(pixels)
    sizes: dict[Size, None] = {}
    of_inputs = ValueRange()
    for image in inputs[:: _step(inputs)]:
        with suppress(UserError):
            height, width, channels, dtype = image_size(image)
            sizes[height, width] = None
            of_inputs.channels.add(channels)
            of_inputs.dtypes.add(dtype)
    return SeenTargets(colours, values, tuple(sizes), of_inputs)


def _step(images: Sequence[object]) -> int:
    return max(1, len(images) // _LOOKED_AT)


def look_for(project: Project) -> SeenTargets:
    """``look_at`` what the project's suggested settings follow from."""
    data, chosen = project.specs.data, project.chosen
    inputs = () if chosen >= SUGGESTED else parse_images(data.train_inputs)
    if chosen >= FOR_TARGETS:
        return look_at((), inputs)
    if data.target_changes:
        return look_at(matched(data, "train"), inputs)
    return look_at(parse_images(data.train_targets), inputs)


def suggested(project: Project, seen: SeenTargets) -> Project:
    """The project with suggested settings in all fields that the user has not chosen.

    Label maps in pure colours get Dice + cross-entropy on independent channels; label maps in other
    colours get the same loss on classes (softmax); both get the Dice score as a metric, and
    augmentation as by other scanners. An operation that the user has chosen for validation inputs
    acts on the inputs. Other images get mae and a network without normalization
    layers, with He initialization and, where the inputs can be added, a residual output. What
    follows from targets or inputs of which nothing is known is unchanged.
    """
    specs = project.specs
    wanted = dict(_SUGGESTED.get(seen.kind(specs.data), {}))
    if "training.loss" in project.chosen and specs.training.loss not in _ON_CLASSES and wanted:
        wanted["model.final_activation"] = "automatic"  # follows from the loss
    if specs.augmentation.behaviour == "2021":
        wanted = {n: _PLAIN[n] if n.startswith("augmentation.") else v for n, v in wanted.items()}
    wanted |= _on_validation_inputs(project) if wanted else {}
    wanted |= amounts.amounts_for(specs, seen.sizes)
    values = [(name, value) for name, value in wanted.items() if name not in project.chosen]
    specs = with_values(specs, values)
    if "model.residual" in dict(values) and specs.model.residual:
        suits = specs.training.loss in VALUE_LOSSES
        suits = suits and specs.model.final_activation == "automatic"
        suits = suits and seen.can_add_inputs(specs.data, specs.model)
        specs = with_values(specs, [("model.residual", suits)])
    return replace(project, specs=specs)


def _on_validation_inputs(project: Project) -> dict[str, Any]:
    """Ticks of operations that the user wants on validation inputs: they need the inputs too."""
    augmentation, found = project.specs.augmentation, dict[str, Any]()
    for operation in _OTHER_SCANNERS:
        tick = f"augmentation.{operation}_input"
        if augmentation.ticks(operation)[2] and tick not in project.chosen:
            found[tick] = True
            if operation == "stretch":
                found["augmentation.stretch_target"] = True
    return found


def following(before: Project, after: Project) -> Project:
    """``suggested`` for a changed project, if what settings follow from may have changed.

    In that case some of the images are read.
    """
    if not other_basis(before.specs, after.specs):
        return after
    return suggested(after, look_for(after))


def other_basis(before: Specs, after: Specs) -> bool:
    """Whether anything differs that suggested settings follow from."""
    return any(value_of(before, name) != value_of(after, name) for name in _BASIS)


def reasons(project: Project, seen: SeenTargets) -> dict[str, str]:
    """By field, the reason of a suggested setting: a clause such as "the targets are label maps".

    Only fields that the user has not chosen and whose value is the suggested one.
    """
    data = project.specs.data
    words = WORDS.get(seen.kind(data), "")
    if data.target_kind != "automatic":
        words = words.replace("are", "are taken as", 1)
    why = dict.fromkeys(FOR_TARGETS, words)
    why |= dict.fromkeys(_on_validation_inputs(project), "it is on for validation inputs")
    why |= dict.fromkeys(amounts.FIELDS, amounts.reason(project.specs, seen.sizes))
    now = suggested(project, seen).specs
    if seen.kind(data) == VALUES and not now.model.residual:
        why["model.residual"] = ""  # another reason: the inputs cannot be added
    return {
        name: why[name]
        for name in SUGGESTED - project.chosen
        if why[name] and value_of(now, name) == value_of(project.specs, name)
    }
