"""Empty panes name menu entries that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deepimagetranslator.app.views import PARTS
from deepimagetranslator.gui import menus
from deepimagetranslator.gui.viewer.hints import hints

SOURCE = Path(menus.__file__).read_text(encoding="utf-8")
LABELS = {label.replace("&", "").rstrip(".") for label in re.findall(r'"(.+?)"', SOURCE)}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("has_model", [False, True])
def test_every_entry_that_a_hint_names_exists(part: str, has_model: bool) -> None:
    texts = hints(part, has_model)
    assert set(texts) == {"image", "target", "prediction"}
    for text in texts.values():
        for menu, entry in re.findall(r"(\w+) > ([\w ]+?)(?:,|$)", text):
            assert menu in LABELS and entry in LABELS, text
    assert all(">" in text for text in texts.values()) or part == "translated" or has_model
