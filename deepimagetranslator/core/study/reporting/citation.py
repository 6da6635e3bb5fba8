"""What to cite."""

from __future__ import annotations

from collections.abc import Iterator

from deepimagetranslator.core.study.reporting.blocks import Block, Heading, Items
from deepimagetranslator.core.version import PROGRAM

PAPER = (
    "Ye RZ, Noll C, Richard G, et al. DeepImageTranslator: a free, user-friendly graphical "
    "interface for image translation using deep learning and its applications in 3D CT image "
    "analysis. bioRxiv 2021. doi 10.1101/2021.05.15.444315 (preprint)."
)
SOFTWARE = f"{PROGRAM}, by the DeepImageTranslator contributors (GPL-3.0-or-later)."


def section() -> Iterator[Block]:
    """The section."""
    yield Heading("Citation")
    yield Items((f"The program: {SOFTWARE}", f"The paper of the program it continues: {PAPER}"))
