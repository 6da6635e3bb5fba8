"""DeepImageTranslator: image-to-image translation with a U-Net, without writing code.

``train``, ``translate``, ``evaluate`` and ``load_weights`` are the program as a library; see
``library``. Importing the package imports none of it before it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepimagetranslator.library import evaluate, load_weights, train, translate

__all__ = ["evaluate", "load_weights", "train", "translate"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from deepimagetranslator import library  # noqa: PLC0415

    return getattr(library, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
