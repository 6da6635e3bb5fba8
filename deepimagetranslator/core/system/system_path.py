"""Paths as the operating system opens them."""

from __future__ import annotations

import os
from pathlib import Path


def system_path(path: str | Path) -> Path:
    """The path as the system opens it, over 260 characters on Windows too."""
    if os.name == "nt":
        return Path(long_path(os.path.abspath(path)))  # noqa: PTH100  Path.absolute keeps ".."
    return Path(path)


def long_path(full: str) -> str:
    r"""A full Windows path with the ``\\?\`` that lifts its limit of 260 characters."""
    if full.startswith("\\\\?\\"):
        return full
    return "\\\\?\\UNC" + full[1:] if full.startswith("\\\\") else "\\\\?\\" + full
