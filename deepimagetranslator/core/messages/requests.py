"""Requests: what the window asks the worker to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.config.specs import ModelSpec, TranslationSpec
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.core.imaging.image_ref import ImageRef


@dataclass(frozen=True)
class StartTraining:
    """Train a project in ``run_dir``; the fields are arguments of ``ml.training.train``."""

    job: int
    project: Project
    run_dir: Path
    resume: bool = False
    start_weights: Path | None = None
    record: Path | None = None


@dataclass(frozen=True)
class TranslateImages:
    """Translate images; the fields are arguments of ``ml.translation.translate``."""

    job: int
    weights: Path | tuple[Path, ...]
    inputs: tuple[ImageRef, ...]
    output: Path
    spec: TranslationSpec
    folder: Path | None = None
    ask: bool = False


@dataclass(frozen=True)
class Evaluate:
    """Translate the inputs of pairs and compare with their targets; the result has table rows.

    ``calibrate`` also calibrates the confidence on them, and keeps that in the weights file.
    """

    job: int
    weights: Path
    pairs: tuple[ImagePair, ...]
    problems: tuple[Problem, ...] = ()
    clean_up: tuple[str, ...] = ()
    calibrate: bool = False


@dataclass(frozen=True)
class RunStudy:
    """Train and evaluate what is not done of a study, see ``ml.study.run.run_study``.

    Attributes:
        job: the job's number.
        folder: the study's folder.
        threads: those of its plan; the worker process must have been started with them.
        only: names of cells; all if empty.
    """

    job: int
    folder: Path
    threads: int = 0
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class ForecastStudy:
    """Measure how long the rest of a study takes; the fields are those of ``RunStudy``.

    The result has ``trainings`` and ``seconds``.
    """

    job: int
    folder: Path
    threads: int = 0


@dataclass(frozen=True)
class ReportStudy:
    """Write the report of a study; the result has ``files``, paths as texts."""

    job: int
    folder: Path


Job = StartTraining | TranslateImages | Evaluate | RunStudy | ForecastStudy | ReportStudy


@dataclass(frozen=True)
class DescribeWeights:
    """Describe a weights file; answered by WeightsDescribed."""

    path: Path


@dataclass(frozen=True)
class InitialiseModel:
    """Make a network with random weights and save it in ``path``; answered by ModelInitialised."""

    spec: ModelSpec
    path: Path
    seed: int


@dataclass(frozen=True)
class PreviewTranslation:
    """Translate one image; answered by PreviewReady.

    Of several waiting requests only the newest is answered, and those with ``keep``.

    Attributes:
        number: identifies the answer.
        weights: the weights file.
        image: (height, width, channels) in the file's own data type.
        name: the image's name, for messages.
        keep: answer this request even if a newer one waits.
        confidence: make the map of its confidence too, which takes four times as long.
        clean_up: a ``TranslationSpec.clean_up``.
        source: the image's file, which may state a pixel size; None for pixels of no file.
        reduced: the image is smaller than in its file.
    """

    number: int
    weights: Path
    image: Any
    name: str
    keep: bool = False
    clean_up: tuple[str, ...] = ()
    source: ImageRef | None = None
    confidence: bool = False
    reduced: bool = False


@dataclass(frozen=True)
class FinishEarly:
    """End the training after this epoch."""

    job: int


@dataclass(frozen=True)
class CancelJob:
    """Stop the job at the next batch or image."""

    job: int


@dataclass(frozen=True)
class Shutdown:
    """End the worker process."""


Request = (
    Job
    | DescribeWeights
    | InitialiseModel
    | PreviewTranslation
    | FinishEarly
    | CancelJob
    | Shutdown
)
