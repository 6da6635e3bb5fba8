"""What a training leaves in memory: neither graphs nor images."""

from __future__ import annotations

import gc
import time
from pathlib import Path

from tiny import project_of, write_set

from deepimagetranslator.ml import training
from deepimagetranslator.ml.sequence import PairSequence


def held() -> tuple[int, int]:
    """Graphs of functions, and batches of images."""
    gc.collect()
    kinds = [type(one) for one in gc.get_objects()]
    return sum(kind.__name__ == "FuncGraph" for kind in kinds), kinds.count(PairSequence)


def test_a_training_leaves_no_graph_and_no_batches(tmp_path: Path) -> None:
    files = write_set(tmp_path / "train", range(2))
    before = held()
    training.train(project_of(files, model={"depth": 1}), tmp_path / "run")
    end = time.monotonic() + 60  # the engine's threads may let go of the last batch a little later
    while any(now > then for now, then in zip(held(), before, strict=True)):
        assert time.monotonic() < end, (held(), before)
        time.sleep(0.1)
