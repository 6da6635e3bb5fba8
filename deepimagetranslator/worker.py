"""The worker process of the window; the window's own process never imports Keras.

A listener thread receives requests. The main thread runs jobs one after another. Short requests
(a preview, the description of a weights file) are answered between two steps of a job.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import logging
import os
import queue
import signal
import sys
import threading
import traceback
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.events import (
    Event,
    JobCancelled,
    JobFailed,
    JobFinished,
    JobStarted,
    PreviewReady,
    WorkerReady,
)
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.core.messages.requests import (
    CancelJob,
    DescribeWeights,
    Evaluate,
    FinishEarly,
    ForecastStudy,
    InitialiseModel,
    Job,
    PreviewTranslation,
    ReportStudy,
    Request,
    RunStudy,
    Shutdown,
    StartTraining,
    TranslateImages,
)
from deepimagetranslator.core.study.plan_file import load_plan
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.system.log_file import print_to_log, without_others
from deepimagetranslator.core.system.out_of_memory import is_out_of_memory, out_of_memory
from deepimagetranslator.core.system.temporary import sweep
from deepimagetranslator.ml.short_answers import described, initialised, told

_TRANSLATORS_KEPT = 2


def main(connection: Connection, log_path: str, threads: int = 0) -> None:
    """Serve requests from the connection until it closes or Shutdown comes.

    Args:
        connection: a duplex pipe; requests come in, (job id or 0, event) go out.
        log_path: the file that receives everything this process prints.
        threads: of a computation; 0 for all cores.
    """
    _log_to(log_path)
    _lower_priority()
    # Ctrl+C in a console reaches both processes. Only the window handles it; it ends the worker.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _Worker(connection).run(threads)


class _Worker:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._jobs: queue.Queue[Request] = queue.Queue()
        self._short: queue.Queue[Request] = queue.Queue()
        self._controls: dict[int, JobControl] = {}
        self._running = JobControl()  # of the current job
        self._translators: OrderedDict[Path, tuple[int, Any]] = OrderedDict()

    def run(self, threads: int = 0) -> None:
        """Load Keras and its backend, then serve requests until Shutdown."""
        from deepimagetranslator.ml import devices  # noqa: PLC0415

        threading.Thread(target=self._listen, name="listener", daemon=True).start()
        try:
            devices.load_engine(threads=threads)
        except UserError as error:
            self._send(0, JobFailed("user", str(error), problems=error.problems))
            return
        device = devices.describe_device()
        self._send(0, WorkerReady(devices.versions(), device, devices.unused_gpu()))
        while True:
            with contextlib.suppress(queue.Empty):
                request = self._jobs.get(timeout=0.02)
                if isinstance(request, Shutdown):
                    self._serve_short()
                    return
                self._work(request)  # type: ignore[arg-type]
            self._serve_short()

    def _listen(self) -> None:
        while True:
            try:
                request = self._connection.recv()
            except (EOFError, OSError):
                # The window is gone. A training can be resumed after its last complete epoch.
                os._exit(0)
            if isinstance(request, FinishEarly):
                self._control(request.job).finish_early.set()
            elif isinstance(request, CancelJob):
                self._control(request.job).cancel.set()
            elif isinstance(request, DescribeWeights | InitialiseModel | PreviewTranslation):
                self._short.put(request)
            else:
                self._jobs.put(request)

    def _control(self, job: int) -> JobControl:
        return self._controls.setdefault(job, JobControl(serve=self._serve_short))

    def _send(self, job: int, event: Event) -> None:
        with self._sending:
            self._connection.send((job, event))

    def _work(self, request: Job) -> None:
        control = self._running = self._control(request.job)
        self._send(request.job, JobStarted())
        end: Event
        try:
            end = JobFinished(self._result(request, control))
        except UserError as error:
            end = JobFailed("user", str(error), traceback.format_exc(), error.problems)
        except Cancelled:
            end = JobCancelled()
        except Exception as error:
            details = traceback.format_exc()
            print_to_log(details)
            end = JobFailed("unexpected", f"{type(error).__name__}: {error}", details)
            if is_out_of_memory(error):
                short = out_of_memory()
                end = JobFailed("user", str(short), details, short.problems)
        self._controls.pop(request.job, None)
        self._running = JobControl()
        self._send(request.job, end)
        give_memory_back()

    def _result(self, request: Job, control: JobControl) -> Mapping[str, Any]:
        def report(event: Event) -> None:
            self._send(request.job, event)

        match request:
            case StartTraining(_, project, run_dir, resume, start_weights, record):
                from deepimagetranslator.ml import training  # noqa: PLC0415

                result = training.train(
                    project,
                    run_dir,
                    report=report,
                    control=control,
                    resume=resume,
                    start_weights=start_weights,
                    record=record,
                )
                return {
                    "run_dir": str(result.run_dir),
                    "best_weights": str(result.best_weights),
                    "epochs": result.epochs,
                    "best_epoch": result.best_epoch,
                    "best_value": result.best_value,
                }
            case TranslateImages(_, weights, inputs, output, spec, folder, ask):
                from deepimagetranslator.ml import translation  # noqa: PLC0415

                done = translation.translate(
                    weights,
                    inputs,
                    output,
                    spec,
                    folder=folder,
                    ask=ask,
                    report=report,
                    control=control,
                )
                if ask and done.problems and not (done.translated or done.skipped):
                    return {"questions": done.problems}
                return {
                    "translated": [(str(source), str(to)) for source, to in done.translated],
                    "skipped": [(str(source), reason) for source, reason in done.skipped],
                    "files": [(str(source), str(to)) for to, source in done.files.items()],
                    "output": str(output),
                    "marked": [(str(one.source), str(one.output), one.mark) for one in done.marked],
                    "marks_file": done.marks_file and str(done.marks_file),
                    "second_look_file": done.second_look_file and str(done.second_look_file),
                    "domain_unknown": done.domain_unknown,
                }
            case Evaluate(_, weights, pairs, problems, clean_up, calibrate):
                from deepimagetranslator.ml import evaluation  # noqa: PLC0415

                measured = evaluation.evaluate_weights(
                    weights,
                    pairs,
                    problems,
                    calibrate=calibrate,
                    clean_up=clean_up,
                    report=report,
                    control=control,
                )
                return {
                    "rows": [dict(row) for row in measured.rows],
                    "problems": measured.problems,
                    "files": measured.files,
                    "labels": measured.labels,
                }
            case RunStudy(_, folder, threads, only):
                from deepimagetranslator.ml.study.run import run_study  # noqa: PLC0415

                _use_threads(threads)
                sweep(folder)
                run_study(StudyFolder(folder), only=only, report=report, control=control)
                return {}
            case ForecastStudy(_, folder, threads):
                from deepimagetranslator.ml.study.forecast import forecast  # noqa: PLC0415

                _use_threads(threads)
                place = StudyFolder(folder)
                found = forecast(load_plan(place.plan), place, (), control)
                return {"trainings": found.trainings, "seconds": found.seconds}
            case ReportStudy(_, folder, threads):
                from deepimagetranslator.ml.study.report import make_report  # noqa: PLC0415

                _use_threads(threads)
                files = make_report(StudyFolder(folder), control=control, report=report)
                return {"files": [str(path) for path in files]}

    def _serve_short(self) -> None:
        """Answer the waiting short requests; of the previews without ``keep`` only the newest."""
        waiting: list[Request] = []
        with contextlib.suppress(queue.Empty):
            while True:
                waiting.append(self._short.get_nowait())
        previews = [request for request in waiting if isinstance(request, PreviewTranslation)]
        for request in waiting:
            if isinstance(request, DescribeWeights):
                self._send(0, described(request.path))
            elif isinstance(request, InitialiseModel):
                self._send(0, initialised(request))
        newest = max((request.number for request in previews if not request.keep), default=0)
        for request in previews:
            if request.keep or request.number == newest:
                answer = self._preview(request)
                if answer is not None:
                    self._send(0, answer)
                elif request.keep or not self._newer_waits():
                    self._short.put(request)  # a job that is being cancelled comes first

    def _abandon_if_stale(self, request: PreviewTranslation) -> None:
        """Abandon a preview that is no longer needed; called between its tiles.

        Raises:
            Cancelled: a newer preview without ``keep`` waits, or the current job is cancelled.
        """
        newer = not request.keep and self._newer_waits()
        if newer or self._running.cancel.is_set():
            raise Cancelled

    def _newer_waits(self) -> bool:
        waiting = list(self._short.queue)
        return any(isinstance(one, PreviewTranslation) and not one.keep for one in waiting)

    def _preview(self, request: PreviewTranslation) -> PreviewReady | None:
        """The answer to a preview request; None if the preview was abandoned."""
        from deepimagetranslator.ml.marking import Marker  # noqa: PLC0415

        try:
            translator = self._translator(request.weights)
            translator.with_confidence = request.confidence
            marker, samples = Marker(translator.card), []
            maps: list[Any] = []

            def note(rows: Any) -> None:
                if request.confidence:
                    maps.append(translator.confidence.map(rows))

            image = translator.translate(
                request.image,
                request.name,
                translator.encoding.with_clean_up(request.clean_up),
                between=lambda *_: self._abandon_if_stale(request),
                watch=lambda _, seen: samples.append(marker.sample(seen)),
                on_rows=note,
            )
            size, mark = None, None
            in_tiles = translator.in_tiles(request.image)
            if not in_tiles:
                size = translator.network_size(request.image)
            if not (in_tiles and request.reduced):  # else it is the reduction that is unlike
                mark = marker.mark(samples, request.source, size)
            ready = PreviewReady(request.number, image, translator.card.epoch, mark=mark)
            confidence = translator.confidence.shown(maps) if maps else None
            return replace(ready, confidence=confidence)
        except Cancelled:
            return None
        except Exception as error:
            message = told(error, "The image could not be translated")
            return PreviewReady(request.number, None, 0, message)

    def _translator(self, weights: Path) -> Any:
        """The translator for a weights file, from a small cache.

        It is renewed when the file has changed, as a running training rewrites its weights.

        Raises:
            UserError: there is no such file, or it is not a weights file.
        """
        from deepimagetranslator.ml.translator import Translator  # noqa: PLC0415

        try:
            written = weights.stat().st_mtime_ns
        except OSError:
            raise UserError(f"There is no weights file {weights}; load another.") from None
        read, translator = self._translators.get(weights, (0, None))
        if translator is None or (read != written and not translator.take_new_weights()):
            translator = Translator(weights)
        self._translators[weights] = (written, translator)
        self._translators.move_to_end(weights)
        while len(self._translators) > _TRANSLATORS_KEPT:
            self._translators.popitem(last=False)
        return translator


def _use_threads(threads: int) -> None:
    """Let the computations have so many threads, as the plan of a study says.

    Raises:
        UserError: this process has begun with another number.
    """
    from deepimagetranslator.ml import devices  # noqa: PLC0415

    devices.load_engine(threads=threads)


def _log_to(log_path: str) -> None:
    """Send everything printed, by C libraries too, to a file; a frozen window has no stdout."""
    log = Path(log_path).open("a", buffering=1, encoding="utf-8", errors="replace")  # noqa: SIM115
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            os.dup2(log.fileno(), descriptor)
    sys.stdout = sys.stderr = log
    # Without a handler of its own, Python would print the records of every library.
    logging.getLogger().addHandler(without_others(logging.StreamHandler(log)))
    faulthandler.enable(log)


def give_memory_back() -> None:
    """Free what a job has left: networks refer to themselves, and the allocator keeps pages."""
    gc.collect()
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415

        with contextlib.suppress(OSError, AttributeError):  # another C library has no such call
            ctypes.CDLL(None).malloc_trim(0)


def _lower_priority() -> None:
    """Lower this process's priority, so that the window stays responsive during training."""
    with contextlib.suppress(OSError, AttributeError):
        if sys.platform == "win32":
            import ctypes  # noqa: PLC0415

            below_normal = 0x4000
            kernel = ctypes.windll.kernel32
            kernel.SetPriorityClass(kernel.GetCurrentProcess(), below_normal)
        else:
            os.nice(10)
