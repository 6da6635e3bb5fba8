"""Commands that need the deep-learning engine: train, translate, evaluate, benchmark, self-test.

Keras is imported inside the commands, after ``load_engine``, so that the others and ``--help``
answer at once.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepimagetranslator.cli import terminal
from deepimagetranslator.cli.check_commands import as_json
from deepimagetranslator.cli.data_commands import Outcome, with_settings
from deepimagetranslator.cli.label_shared import label_store
from deepimagetranslator.cli.training import trained
from deepimagetranslator.core.config.project import Project, load_project
from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.check_record import record_file
from deepimagetranslator.core.data.suggestions import following
from deepimagetranslator.core.errors import FEW, Problem, Remedy, UserError
from deepimagetranslator.core.evaluation.measures import MEASURES, OF_INPUT, OVERLAP
from deepimagetranslator.core.evaluation.pairing import pairs_to_evaluate
from deepimagetranslator.core.evaluation.summary import Spread, Summary, summarized
from deepimagetranslator.core.evaluation.table import Evaluation
from deepimagetranslator.core.export.layout import require_folder
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.labelling.loop.round_record import is_round
from deepimagetranslator.core.labelling.loop.without_targets import (
    left_unlabelled,
    require_targets,
)
from deepimagetranslator.core.messages.events import Report
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.runs.run_folder import new_run_dir, runs_folder, runs_of
from deepimagetranslator.core.runs.run_state import last_begun, last_resumable
from deepimagetranslator.core.system.system_path import is_folder
from deepimagetranslator.core.system.temporary import sweep
from deepimagetranslator.ml import devices

if TYPE_CHECKING:
    from deepimagetranslator.ml.translation_result import TranslationResult

_INPUT_ITSELF = "input itself"


def train(arguments: argparse.Namespace) -> Outcome:
    """Train a project's network, or resume."""
    if arguments.resume and arguments.weights:
        raise UserError("--resume continues a run, --weights starts a new one; give one of them.")
    stored = load_project(arguments.project)
    project = following(stored, with_settings(stored, arguments.set))
    store = label_store(arguments.project, project)
    require_targets(project.specs.data, store)
    left_out = left_unlabelled(project.specs.data, store)
    if left_out:
        terminal.say(left_out)
    given = arguments.run_dir or (_run_to_resume(arguments, stored) if arguments.resume else None)
    return 0, trained(
        project,
        given or new_run_dir(runs_folder(arguments.project)),
        resume=arguments.resume,
        start_weights=arguments.weights,
        record=record_file(arguments.project),
    )


def translate(arguments: argparse.Namespace) -> Outcome:
    """Translate files and folders with a weights file."""
    return translated_with(arguments.weights, arguments)


def translated_with(weights: Path | Sequence[Path], arguments: argparse.Namespace) -> Outcome:
    """Translate files and folders with a weights file, or with several together."""
    project = with_settings(Project(), arguments.set)
    spec: TranslationSpec = project.specs.translation
    spec = replace(
        spec,
        overwrite=spec.overwrite or arguments.overwrite,
        accept_values=spec.accept_values or arguments.accept_values,
    )
    require_folder(arguments.output)  # before the seconds that TensorFlow takes
    devices.load_engine()
    from deepimagetranslator.ml import translation  # noqa: PLC0415

    start = time.monotonic()
    with terminal.progress() as (report, control):
        translate_all = translation.translate
        if arguments.dask is not None:
            from deepimagetranslator.ml.cluster.translation import (  # noqa: PLC0415
                translate_on_cluster,
            )

            translate_all = partial(translate_on_cluster, arguments.dask)
        result = translate_all(
            weights,
            arguments.inputs,
            arguments.output,
            spec,
            series=arguments.series,
            report=report,
            control=control,
        )
    files = len(result.files)
    written = f" ({files} file{'s' * (files > 1)})" if files != len(result.translated) else ""
    images = f"{len(result.translated)} image{'s' * (len(result.translated) != 1)}"
    terminal.say(f"{images} translated into {arguments.output}{written}.")
    if result.skipped:
        terminal.say(f"{len(result.skipped)} skipped:")
        terminal.say_problems(_reasons(result))
    if result.domain_unknown:
        terminal.say(result.domain_unknown)
    if result.marked:
        terminal.say(unlike_sentence(result))
    if result.second_look_file is not None:
        worst = ", ".join(one.source.shown_name for one in result.second_look[:FEW])
        terminal.say(
            f"The networks are farthest apart on {worst}; {result.second_look_file} lists all "
            "images, worst first."
        )
    return 3 if result.skipped or result.marked else 0, {
        "output": str(arguments.output),
        "translated": len(result.translated),
        "outputs": [str(path) for path in result.files],
        "skipped": [{"file": str(path), "reason": reason} for path, reason in result.skipped],
        "problems": [as_json(problem) for problem in result.problems],
        "confidence": [str(path) for path in result.confidence],
        "calibrated": result.calibrated,
        "marked": [
            {"file": str(one.source), "output": str(one.output), **asdict(one.mark)}
            for one in result.marked
        ],
        "marks_file": result.marks_file and str(result.marks_file),
        "domain_unknown": result.domain_unknown,
        "clean_up": list(result.clean_up),
        "seconds": round(time.monotonic() - start, 3),
    } | (_second_look(result) if result.second_look_file else {})


def _second_look(result: TranslationResult) -> dict[str, Any]:
    return {
        "second_look": [
            {
                "file": str(one.source),
                "output": str(one.output),
                "disagreement": one.disagreement,
                "measure": one.measure,
            }
            for one in result.second_look
        ],
        "second_look_file": str(result.second_look_file),
    }


def unlike_sentence(result: TranslationResult) -> str:
    """How many translated images are unlike the training images, and why, the farthest first."""
    marked, count = result.marked, len(result.translated)
    few = "; ".join(f"{one.source.shown_name}: {one.mark.reason}" for one in marked[:FEW])
    more = f"; and {len(marked) - FEW} more" if len(marked) > FEW else ""
    table = f" All are listed in {result.marks_file}." if result.marks_file else ""
    verb = "are" if len(marked) > 1 else "is"
    return (
        f"{len(marked)} of {count} images {verb} unlike the training images; check the result "
        f"({few}{more}).{table}"
    )


def _reasons(result: TranslationResult) -> list[Problem]:
    """Why images were skipped: a problem for each image, or for a whole series."""
    known = {problem.message for problem in result.problems}
    others = [Problem(str(source), why) for source, why in result.skipped if why not in known]
    return [*result.problems, *others]


def evaluate(arguments: argparse.Namespace) -> Outcome:
    """Evaluate translated images, or inputs translated with weights, against targets."""
    if arguments.weights and not arguments.inputs:
        raise UserError("--weights evaluates a network on --inputs; give both of them.")
    if (arguments.confidence or arguments.calibrate) and not arguments.weights:
        raise UserError("Only weights have a confidence; give --weights and --inputs.")
    if arguments.clean_up and not arguments.weights:
        raise UserError("--clean-up acts on the output of --weights; translated images stay.")
    with terminal.progress() as (report, control):
        result = _evaluation_of(arguments, report, control)
    first = arguments.weights or arguments.predictions[0]
    folder = arguments.output or (first if is_folder(first) else first.parent)
    table = folder / "evaluation.csv"
    sweep(folder)
    kept = result.write_csv(table, keep=True)
    whole_volume = result.whole_volume()
    print(whole_volume_table(whole_volume))
    summary = summarized(result)
    print(spread_table(summary.summaries))
    terminal.say_problems(result.problems)
    terminal.say(f"{result.images} images evaluated; each is in {table}.")
    judged = result.verdict
    if judged is not None:
        terminal.say(judged.sentence("The translated images have"))
    if kept is not None:
        terminal.say(f"The table that was there is kept as {kept.name}.")
    return 3 if result.problems else 0, {
        "images": result.images,
        "pooled": whole_volume,
        "persons": list(summary.persons),
        "table": str(table),
        "clean_up": list(arguments.clean_up),
        "problems": [problem.for_files for problem in result.problems],
        "better_than_input": None if judged is None else judged.better,
        "confidence": None if result.reliability is None else result.reliability.to_json(),
    }


def _evaluation_of(
    arguments: argparse.Namespace, report: Report, control: JobControl
) -> Evaluation:
    from deepimagetranslator.ml import evaluation  # noqa: PLC0415

    if not arguments.weights:
        return evaluation.evaluate(
            arguments.predictions,
            arguments.targets,
            pairing=arguments.pairing,
            series=arguments.series,
            changes=arguments.target_change,
            inputs=arguments.inputs or (),
            report=report,
            control=control,
        )
    inputs, targets = (
        list_images(given, arguments.series) for given in (arguments.inputs, arguments.targets)
    )
    pairs, problems = pairs_to_evaluate(inputs, targets, arguments.pairing, arguments.target_change)
    devices.load_engine()
    return evaluation.evaluate_weights(
        arguments.weights,
        pairs,
        problems,
        confidence=arguments.confidence,
        calibrate=arguments.calibrate,
        clean_up=arguments.clean_up,
        report=report,
        control=control,
    )


def benchmark(arguments: argparse.Namespace) -> Outcome:
    """Measure this machine in a temporary folder."""
    del arguments
    start = time.monotonic()
    terminal.say("Loading the engine ...")
    devices.load_engine()
    from deepimagetranslator.ml import benchmark as ml_benchmark  # noqa: PLC0415

    with terminal.progress() as (report, control):
        found = ml_benchmark.figures(report, control)
    print(benchmark_table(found))
    return 0, {**found, "seconds": round(time.monotonic() - start, 3)}


def self_test(arguments: argparse.Namespace) -> Outcome:
    """Test every part of the program, including the window, in a temporary folder."""
    del arguments
    start = time.monotonic()
    import tkinter as tk  # noqa: PLC0415

    from deepimagetranslator.self_test.run import run  # noqa: PLC0415

    try:
        found = run(terminal.say)
    except tk.TclError as error:
        raise UserError(
            f"The self-test opens the window, which needs a screen ({error}); start it where there "
            "is one (xvfb-run makes one)."
        ) from error
    for package, version in found["versions"].items():
        terminal.say(f"  {package} {version}")
    terminal.say(f"Device: {found['device']}")
    return 0, {"ok": True, **found, "seconds": round(time.monotonic() - start, 3)}


def benchmark_table(found: dict[str, Any]) -> str:
    """The results of ``ml.benchmark`` as aligned text, and its sentence on the bottleneck."""
    machine = found["machine"]
    rows = [
        ("processor", f"{machine['processor']}, {machine['cores']} cores"),
        ("memory", machine["memory"]),
        ("GPU", ", ".join(machine["gpus"]) or "none"),
        ("automatic precision", machine["precision"]),
        ("versions", ", ".join(f"{name} {text}" for name, text in machine["versions"].items())),
        ("training step", f"{found['step_ms']:.0f} ms"),
        ("prediction", f"{found['predict_ms']:.0f} ms"),
        ("reading a pair", f"{found['read_pair_ms']:.1f} ms"),
        ("augmenting a pair", f"{found['augment_pair_ms']:.1f} ms"),
        ("steps alone", f"{found['step_images_per_second']:.2f} images per second"),
        ("training in an epoch", f"{found['epoch_images_per_second']:.2f} images per second"),
        ("translating files", f"{found['translated_images_per_second']:.2f} images per second"),
    ]
    return "\n".join([*(f"{name:26}{text}" for name, text in rows), found["limit"]])


def whole_volume_table(whole_volume: dict[str, dict[str, float]]) -> str:
    """The whole-volume measures as aligned text, a line for each channel.

    Where the input itself was compared, its measures follow in a line of their own.
    """
    first = _width(whole_volume)
    lines = [" " * first + "".join(f"{name:>16}" for name in MEASURES)]
    for channel, values in whole_volume.items():
        for head, columns in _lines(channel, values):
            cells = (f"{values[name]:16.4f}" if name in values else " " * 16 for name in columns)
            lines.append(head.ljust(first) + "".join(cells))
    return "\n".join(lines)


def spread_table(found: Sequence[Summary]) -> str:
    """Mean and standard deviation over images and persons as aligned text, as in the window."""
    lines, first = [], _width(one.channel for one in found)
    for (count, over), group in groupby(found, lambda one: (one.count, one.over)):
        lines.append(f"{count} {over if count > 1 else over[:-1]}, mean and standard deviation:")
        for one in group:
            for head, columns in _lines(one.channel, one.spreads):
                cells = (_spread_cell(one.spreads.get(name)) for name in columns)
                lines.append(head.ljust(first) + "".join(cells))
    return "\n".join(lines)


def _lines(channel: str, values: Mapping[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    """The lines of a channel: the first column, and the names of the measures in the others."""
    lines: list[tuple[str, tuple[str, ...]]] = [(channel, MEASURES)]
    if any(name in values for name in OF_INPUT):
        lines.append((f" {_INPUT_ITSELF}", (*("",) * len(OVERLAP), *OF_INPUT)))
    return lines


def _width(channels: Iterable[str]) -> int:
    """The width of the first column in characters."""
    return max(len(_INPUT_ITSELF) + 2, *(len(channel) + 1 for channel in channels))


def _spread_cell(spread: Spread | None) -> str:
    if spread is None or not spread.count:
        return " " * 16
    deviation = f" +-{_short(spread.sd, 3)}" if spread.count > 1 else ""
    return f"{_short(spread.mean, 4)}{deviation}".rjust(16)


def _short(number: float, decimals: int) -> str:
    """A number that leaves columns apart in the usual range of the measures."""
    return f"{number:.{decimals if abs(number) < 10 else decimals - 2}f}"


def _run_to_resume(arguments: argparse.Namespace, project: Project) -> Path:
    """The project's last run with a whole state; without one, the last without a whole epoch."""
    runs = runs_of(arguments.project, project.runs)
    found = last_resumable(runs) or last_begun(runs)
    if found is None:
        raise UserError(
            f"There is no run of {arguments.project} to resume; name its folder with --run-dir, "
            "or begin a new one."
        )
    if is_round(found):
        raise UserError(
            f"The last run, {found}, is a training on label maps, which is resumed as such.",
            remedy=Remedy(action="train_on_labels"),
        )
    terminal.say(f"Resuming {found}.")
    return found
