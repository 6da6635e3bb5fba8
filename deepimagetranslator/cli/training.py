"""Runs a training in the terminal, for the commands train and label train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deepimagetranslator.cli import terminal
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.ml import devices


def trained(
    project: Project,
    run_dir: Path,
    *,
    resume: bool = False,
    start_weights: Path | None = None,
    record: Path | None = None,
) -> dict[str, Any]:
    """Train a network, or resume; arguments as ``ml.training.train``.

    Returns:
        The result for ``--json``.

    Raises:
        UserError, Cancelled: see ``ml.training.train``.
    """
    devices.load_engine()
    from deepimagetranslator.ml import training  # noqa: PLC0415

    with terminal.progress() as (report, control):
        result = training.train(
            project,
            run_dir,
            report=report,
            control=control,
            resume=resume,
            start_weights=start_weights,
            record=record,
        )
    terminal.say(
        f"Best is epoch {result.best_epoch} ({result.best_value:.4f}): {result.best_weights}"
    )
    judged = result.verdict  # the training itself has said so if it is no better
    return {
        "run_dir": str(result.run_dir),
        "weights": str(result.best_weights),
        "epochs": result.epochs,
        "best_epoch": result.best_epoch,
        "best_value": result.best_value,
        "seconds": round(result.seconds, 3),
        "values": dict(result.values),
        "better_than_input": None if judged is None else judged.better,
    }
