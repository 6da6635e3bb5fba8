"""What a user wants to make: the choices of the start page, and what they say about the targets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """One kind of translation.

    Attributes:
        name: its name in the code.
        title: what is made, for a button.
        targets: what the targets are, after "Folder of".
        target_kind: the ``DataSpec.target_kind`` that follows from it.
    """

    name: str
    title: str
    targets: str
    target_kind: str


GOALS = (
    Goal("maps", "Tissue or object maps", "label maps or masks", "automatic"),
    Goal("cleaner", "Cleaner images", "clean images of the same views", "values"),
    Goal("stain", "Another stain or contrast", "images in the other stain or contrast", "values"),
)
