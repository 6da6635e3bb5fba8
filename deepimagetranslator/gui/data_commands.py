"""Commands of the Data menu: checking, values, label colours, validation."""

from __future__ import annotations

from deepimagetranslator.gui.file_commands import FileCommands


class DataCommands(FileCommands):
    """What is done with the loaded pairs before training."""
