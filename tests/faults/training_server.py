"""Trains in forked processes that share one start of the engine, so that many can be killed.

Usage: training_server.py IMAGES; each line "RUN_DIR resume|begin" on stdin starts a training. The
answers are lines: "started PID", and at its end "ended STATUS".
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

from small_run import small_project

from deepimagetranslator.core.messages.events import EpochEnded, Event
from deepimagetranslator.ml.devices import load_engine


def main(images: Path) -> None:
    load_engine()
    from deepimagetranslator.ml import training  # noqa: PLC0415

    project = small_project(images)
    for line in sys.stdin:
        run_dir, way = line.rstrip("\n").rsplit(" ", 1)
        told = Path(f"{run_dir}.told")

        def report(event: Event, told: Path = told) -> None:
            if isinstance(event, EpochEnded):
                part = told.with_suffix(".part")
                part.write_text(str(event.epoch), encoding="utf-8")
                part.replace(told)

        pid = os.fork()
        if pid == 0:
            os.setsid()
            status = 1
            try:
                training.train(project, Path(run_dir), report=report, resume=way == "resume")
                status = 0
            except BaseException:
                traceback.print_exc()
            os._exit(status)
        print(f"started {pid}", flush=True)
        print(f"ended {os.waitpid(pid, 0)[1]}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
