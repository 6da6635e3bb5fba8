"""How long the window's engine takes to be ready, beside a bare import of Keras.

Run it as ``python tests/benchmarks/bench_worker_start.py [--json] [--runs N]``. Each time the
window's ``WorkerClient`` starts the worker's process and waits for ``WorkerReady``; in turn with
it a fresh interpreter imports Keras with the TensorFlow backend. The medians count; the exit status
is 1 if the worker takes more than 1.15 times as long. The first start of each is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

LIMIT = 1.15
_PATIENCE = 120.0


def worker_seconds(log: Path) -> float:
    """From the start of the process until it says that it is ready."""
    from deepimagetranslator.app.engine.worker_client import WorkerClient  # noqa: PLC0415

    client = WorkerClient(log)
    begin = time.monotonic()
    client.start()
    try:
        while not client.ready:
            client.poll()
            if time.monotonic() - begin > _PATIENCE or not client.alive:
                sys.exit(f"The worker did not start: {log.read_text(encoding='utf-8')}")
            time.sleep(0.002)
        return time.monotonic() - begin
    finally:
        client.close()


def import_seconds() -> float:
    """A fresh interpreter until it has imported Keras; its end does not count."""
    quiet = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", "import keras; print('imported', flush=True)"]
    options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    begin = time.monotonic()
    with subprocess.Popen(command, env=os.environ | quiet, **options) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        return time.monotonic() - begin


def measure(runs: int = 7) -> dict[str, float]:
    """Median seconds and their ratio, by name."""
    with tempfile.TemporaryDirectory() as home:
        log = Path(home) / "worker.log"
        both = [(worker_seconds(log), import_seconds()) for _ in range(runs + 1)][1:]
    worker, imported = (statistics.median(times) for times in zip(*both, strict=True))
    return {
        "worker ready": worker,
        "import keras": imported,
        "worker / import": worker / imported,
        "median of the runs' ratios": statistics.median(a / b for a, b in both),
        "load average": os.getloadavg()[0],
    }


def main() -> int:
    """Print the table; exit status 1 if the worker is too late."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON, seconds")
    parser.add_argument("--runs", type=int, default=7)
    found = measure((arguments := parser.parse_args()).runs)
    if arguments.json:
        print(json.dumps({name: round(value, 3) for name, value in found.items()}))
    else:
        for name, value in found.items():
            unit = "" if "/" in name or "load" in name or "ratios" in name else " s"
            print(f"{name:28s}{value:7.2f}{unit}")
    return int(found["worker / import"] > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
