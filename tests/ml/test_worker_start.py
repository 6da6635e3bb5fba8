"""What the engine's process loads before it is ready."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from waiting import PATIENCE

CODE = """
import multiprocessing, sys
from deepimagetranslator.app.engine import worker_client
from deepimagetranslator.core.messages.events import WorkerReady
from deepimagetranslator.core.messages.requests import Shutdown
from deepimagetranslator.worker import main

if __name__ == "__main__":
    ours, theirs = multiprocessing.Pipe()
    ours.send(Shutdown())
    main(theirs, sys.argv[1])
    job, event = ours.recv()
    assert isinstance(event, WorkerReady) and "keras" in sys.modules
    heavy = {"matplotlib", "Augmentor", "pydicom", "nibabel", "tifffile", "imagecodecs"}
    print(sorted((heavy | {"tkinter"}) & set(sys.modules)))
    import matplotlib.figure
"""


def test_a_ready_worker_has_loaded_nothing_that_waits_for_its_use(tmp_path: Path) -> None:
    script, log = tmp_path / "worker_only.py", tmp_path / "worker.log"
    script.write_text(CODE, encoding="utf-8")
    run = [sys.executable, str(script), str(log)]
    result = subprocess.run(run, capture_output=True, text=True, timeout=PATIENCE, check=False)
    told = log.read_text(encoding="utf-8").splitlines()  # the worker prints to its log
    assert (result.returncode, told[-1:]) == (0, ["[]"]), (told, result.stderr)
