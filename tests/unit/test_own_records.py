"""The logs of the window and the engine hold this program's records only."""

from __future__ import annotations

import errno
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from deepimagetranslator.core.system.log_file import log_file
from deepimagetranslator.gui.app import log_to_file

QUOTING = "logging.getLogger('pydicom').warning('Invalid value for VR PN: Erika Mustermann')"
OWN = "logging.getLogger('deepimagetranslator.gui').warning('The disk is full')"


@pytest.fixture
def root_logger(monkeypatch: pytest.MonkeyPatch) -> logging.Logger:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    return root


def test_the_log_of_the_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root_logger: logging.Logger
) -> None:
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path))
    log_to_file()
    logging.getLogger("tifffile").warning("Erika Mustermann is no date")
    logging.getLogger("deepimagetranslator.gui").warning("The disk is full")
    for handler in root_logger.handlers:
        handler.close()
    text = (tmp_path / "logs" / "window.log").read_text(encoding="utf-8")
    assert "The disk is full" in text and "Erika" not in text


def test_a_full_disk_prints_no_tracebacks(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    root_logger: logging.Logger,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path))
    tries: list[str] = []

    def fail(text: str) -> None:
        tries.append(text)
        raise OSError(errno.ENOSPC, "No space left on device")

    ours = logging.getLogger("deepimagetranslator")
    log_to_file()
    with log_file(tmp_path / "log.txt"):
        for handler in (*root_logger.handlers, *ours.handlers):  # pytest has one too
            if isinstance(handler, logging.FileHandler):
                monkeypatch.setattr(handler.stream, "write", fail)
        ours.warning("The disk is full")
    for handler in root_logger.handlers:
        handler.close()
    assert len(tries) == 2 and capsys.readouterr().err == ""


def test_the_log_of_the_engine(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    start = f"import logging; from deepimagetranslator.worker import _log_to; _log_to({str(log)!r})"
    code = f"{start}; {QUOTING}; {OWN}; print('printed')"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)
    text = log.read_text(encoding="utf-8")
    assert "The disk is full" in text and "printed" in text and "Erika" not in text
