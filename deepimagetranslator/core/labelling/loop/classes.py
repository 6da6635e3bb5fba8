"""The classes in which a project's images are labelled, and what a network's classes are there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.config.classes import LabelClass, parse_classes
from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.data.labels.choice import choose_palette, classes_of
from deepimagetranslator.core.data.labels.colours import ColourCount
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.data.pair_lists import pairing_of
from deepimagetranslator.core.data.targets import read_target
from deepimagetranslator.core.errors import Remedy, UserError
from deepimagetranslator.core.labelling.class_table import ClassTable
from deepimagetranslator.core.labelling.store import LabelStore


def adopt_classes(data: DataSpec, store: LabelStore, network: Palette | None = None) -> None:
    """Give a label store the project's classes; nothing is written yet.

    They are the chosen label colours, else those of the store, else those of the targets, which are
    then read, else those of a network.

    Args:
        data: the project's files and label colours.
        store: it.
        network: the palette of a network of the project.

    Raises:
        UserError: there are none, a target cannot be read, or they would be more than 32.
    """
    listed: tuple[LabelClass, ...] = ()
    if data.target_kind != "values":
        listed = parse_classes(data.labels)
        if not listed and len(store.table.classes) < 2:
            palette = _palette_of_targets(data) or network
            listed = classes_of(palette) if palette is not None else ()
    table = store.table.with_project(listed)
    if len(table.classes) < 2:
        raise UserError(
            "The project has no classes yet; choose its label colours first.",
            remedy=Remedy(action="join_classes"),
        )
    store.use_table(table)


def numbers_of_network(palette: Palette, table: ClassTable) -> NDArray[np.uint8]:
    """The class number of each class of a network, in the order of its palette.

    Args:
        palette: of the network.
        table: the classes of the label maps.

    Raises:
        UserError: a class of the network is none of these.
    """
    meaning = []
    for colour, name in zip(palette.colours, palette.class_names, strict=True):
        number = table.number_of(LabelClass((colour,)))
        if number is None:
            raise UserError(
                f"The network predicts the class {name}, which is none of the classes here; "
                "add it with its colour, or train on these classes."
            )
        meaning.append(number)
    return np.array(meaning, np.uint8)


def _palette_of_targets(data: DataSpec) -> Palette | None:
    count = ColourCount()
    for pair in pairing_of(data, "train").pairs:
        count.add(read_target(pair))
    return choose_palette(data, count, ColourCount())[0] if count.dtypes else None
