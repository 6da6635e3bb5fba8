"""The methods of a study in words, from its plan, its projects and the records of its runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from deepimagetranslator.core.config import fields
from deepimagetranslator.core.config.project import Project, load_project
from deepimagetranslator.core.config.specs import (
    OPERATIONS,
    OPERATIONS_2021,
    AugmentationSpec,
    ModelSpec,
    TrainingSpec,
)
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.study.plan import INNER, LAST, Plan
from deepimagetranslator.core.study.reporting.blocks import Block, Heading, Items, Paragraph
from deepimagetranslator.core.study.reporting.words import listed, of_plan, plural
from deepimagetranslator.core.study.results import Results
from deepimagetranslator.core.study.study_folder import StudyFolder

_NORMALIZATIONS = {
    "none": "no normalization layers",
    "deep": "group normalization in all blocks but the first",
    "group": "group normalization in all blocks",
}
_INITIALIZATIONS = {
    "data_dependent": "data-dependent initialization (LSUV)",
    "he_normal": "He initialization",
    "glorot_uniform": "Glorot initialization",
}
_SIDES = ("inputs", "targets", "validation inputs")


def section(results: Results, folder: StudyFolder) -> Iterator[Block]:
    """The section."""
    plan = results.plan
    records = {cell: _record(folder, cell.name) for cell in results.cells}
    yield Heading("Methods")
    yield Paragraph(" ".join(_design(plan)))
    texts = []
    for variation in (v.name for v in plan.variations):
        own = [record for cell, record in records.items() if cell.variation == variation]
        texts.append(f"{variation}: {_variation(folder, variation, own)}")
    yield Items(tuple(texts))
    yield Paragraph(_machines(plan, list(records.values())))


def _design(plan: Plan) -> Iterator[str]:
    people = (f"{name} ({len(images)})" for name, images in plan.persons.items())
    count = sum(map(len, plan.persons.values()))
    yield f"Persons and their images: {', '.join(people)}; {count} images in all."
    yield of_plan(plan)
    if not plan.fixed:
        folds = (
            f"repeat {number}: {' | '.join(', '.join(fold) for fold in repeat)}"
            for number, repeat in enumerate(dict.fromkeys(plan.folds), 1)
        )
        yield f"Folds ({'; '.join(folds)})."
    if plan.sizes:
        sizes = listed(list(map(str, plan.sizes)))
        yield f"Training sets of {sizes} images, each a part of the larger ones of its repeat."
    seeds = listed([str(plan.seed + repeat) for repeat in range(plan.repeats)])
    yield f"Seed{'s' * (plan.repeats > 1)} of the folds and sets: {seeds}."
    yield (
        "A person's images count as one volume: the counts of pixels of all of them are added "
        "before a measure is computed; repeats are averaged within a person. A Dice is undefined, "
        "left out and counted where a class is absent in target and translation. PSNR and SSIM "
        "refer to the range of the targets of the whole data set."
    )


def _variation(folder: StudyFolder, variation: str, runs: list[Project | None]) -> str:
    """The settings of a variation; sizes that follow from the images are those of its runs."""
    try:
        project = load_project(folder.project(variation))
    except UserError as error:
        return f"its settings cannot be read ({error.for_files})."
    recorded = next((record for record in runs if record is not None), None)
    model = project.specs.model
    if recorded is not None:
        model = _resolved(model, recorded.run.get("network"))
    seeds = sorted({record.specs.training.seed for record in runs if record is not None})
    precisions = sorted({str(r.run.get("precision", "")) for r in runs if r is not None} - {""})
    training = project.specs.training
    parts = [_network(model), *_training(training, recorded), augmentation(project)]
    if precisions:
        parts.append(f"computed in {listed(precisions)}")
    if seeds:
        parts.append(f"seed{'s' * (len(seeds) > 1)} {listed(list(map(str, seeds)))}")
    return f"{'; '.join(parts)}. Preset {project.preset}."


def _resolved(model: ModelSpec, network: Any) -> ModelSpec:
    try:
        return fields.from_json(ModelSpec, network, "the record")
    except (UserError, TypeError, AttributeError):
        return model


def _network(model: ModelSpec) -> str:
    parts = [
        f"a U-Net of {model.depth} level{'s' * (model.depth != 1)} with {model.base_filters} "
        "channels in its first convolution, doubled at each further level",
        _NORMALIZATIONS[model.normalization],
        f"{'' if model.deep_supervision else 'no '}deep supervision",
    ]
    fused = model.fused_normalization and model.normalization != "none"
    parts += ["normalization in fused form"] if fused else []
    parts += ["residual output"] if model.residual else []
    parts += [f"dropout {model.dropout:g}"] if model.dropout else []
    parts += [f"{model.upsampling} up-sampling", _INITIALIZATIONS[model.initialization]]
    if model.final_activation != "automatic":
        parts.append(f"{model.final_activation} output")
    if model.input_height and model.input_width:
        pixels = f"{model.input_width} x {model.input_height} pixels"
        channels = f"{plural(model.input_channels, 'channel')} in"
        parts.append(f"{pixels}, {channels} and {model.target_channels} out")
    return ", ".join(parts)


def _training(training: TrainingSpec, recorded: Project | None) -> Iterator[str]:
    yield f"loss {training.loss}"
    schedule = f"{training.schedule} learning rate {training.learning_rate:g}"
    if training.schedule == "cosine" and training.warmup:
        schedule += f" after a warm-up of {training.warmup} steps"
    yield f"optimizer {training.optimizer}, {schedule}"
    steps = f" of {training.steps_per_epoch} steps" if training.steps_per_epoch else ""
    yield f"{plural(training.epochs, 'epoch')}{steps} with batches of {training.batch_size}"
    if training.averaging:
        yield f"moving average of the weights over {training.averaging:g} of the steps"
    stopping = training.early_stopping if recorded is None else _stopping(recorded)
    if stopping:
        yield f"ended after {stopping} epochs without a better monitored metric"


def _stopping(recorded: Project) -> int:
    return recorded.specs.training.early_stopping


def augmentation(project: Project) -> str:
    """The augmentation in words."""
    spec = project.specs.augmentation
    known = OPERATIONS_2021 if spec.behaviour == "2021" else OPERATIONS
    found = [text for operation in known if (text := _operation(spec, operation))]
    if not found:
        return "no augmentation"
    way = " as in the 2021 program" if spec.behaviour == "2021" else ""
    return f"random augmentation of each pair{way}: {', '.join(found)}"


def _operation(spec: AugmentationSpec, operation: str) -> str:
    sides = [side for side, on in zip(_SIDES, spec.ticks(operation), strict=True) if on]
    if not sides:
        return ""
    where = f" ({listed(sides)})"
    infos = {info.name: info for info in fields.fields_of(spec)}
    if operation not in infos:
        return f"{operation}{where}"
    info = infos[operation]
    amount = f"{getattr(spec, operation):g} {info.unit}".strip()
    if operation == "drop":
        return f"up to {spec.drop_count} black rectangles of up to {amount}{where}"
    name = operation.replace("_", " ")
    link = " " if info.unit == "probability" else " up to "
    return f"{name}{link}{amount}{where}"


def _machines(plan: Plan, runs: list[Project | None]) -> str:
    known = [record.run for record in runs if record is not None]
    devices = list(dict.fromkeys(str(run.get("device", "")) for run in known))
    versions = list(dict.fromkeys(_versions(run) for run in known))
    threads = plural(plan.threads, "thread") if plan.threads else "all cores"
    parts = [f"Each training computed with {threads}."]
    if any(devices):
        parts.append(f"Hardware: {'; '.join(filter(None, devices))}.")
    if any(versions):
        parts.append(f"Software: {'; '.join(filter(None, versions))}.")
    if len(known) < len(runs):
        parts.append(f"{len(runs) - len(known)} of {len(runs)} records of runs cannot be read.")
    parts.append(
        {
            LAST: "The weights after the last epoch were scored, or their moving average.",
            INNER: "The weights that the inner persons' images chose were scored.",
        }[plan.weights]
    )
    return " ".join(parts)


def _versions(run: Mapping[str, Any]) -> str:
    versions = run.get("versions")
    if not isinstance(versions, Mapping):
        return ""
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _record(folder: StudyFolder, cell: str) -> Project | None:
    """The record of a run, without the lists of its images; None if it cannot be read."""
    try:
        project = load_project(folder.cells / cell / "project.json")
    except UserError:
        return None
    run = {name: value for name, value in project.run.items() if name != "sha256"}
    return replace(project, run=run)
