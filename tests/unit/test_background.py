"""Slow work in threads."""

from __future__ import annotations

from deepimagetranslator.app.background import Background


def test_nothing_is_run_after_the_end() -> None:
    # An action that waited for an answer goes on when the window was closed under its box.
    background, ran = Background(), []
    background.close()
    background.run("work", lambda: ran.append(1), ran.append, ran.append)
    background.poll()
    assert ran == [] and not background.busy
