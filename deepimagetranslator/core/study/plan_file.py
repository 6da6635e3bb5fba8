"""The file of a plan: JSON with a format version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.study.folds import Folds
from deepimagetranslator.core.study.plan import (
    INNER,
    LAST,
    MEASURES,
    MOST_CELLS,
    MOST_THREADS,
    Plan,
)
from deepimagetranslator.core.study.variations import Variation, names_a_folder
from deepimagetranslator.core.system.atomic_write import write_bytes
from deepimagetranslator.core.system.json_text import json_text
from deepimagetranslator.core.version import PROGRAM, naming_newer_version

FORMAT = 1
_MOST_BYTES = 2**26


def save_plan(plan: Plan, path: Path) -> None:
    """Write a plan atomically and durably; one that is there stays.

    Raises:
        UserError: there is one, or it cannot be written.
    """
    data = {"format": FORMAT, "program": PROGRAM, **asdict(plan)}
    write_bytes(path, json_text(data).encode(), durable=True, replace=False)


def load_plan(path: Path) -> Plan:
    """Read a plan.

    Raises:
        UserError: there is none, it is damaged, or a newer version made it.
    """
    damaged = UserError(f"{path} is damaged; restore it, or make a new study.")
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise damaged
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        raise UserError(
            f"{path.parent} is no study: {path.name} cannot be read ({reason}); make a study, or "
            "choose its folder."
        ) from None
    except (ValueError, RecursionError):
        raise damaged from None
    if not isinstance(data, dict) or not isinstance(data.get("format"), int):
        raise damaged
    with naming_newer_version(path, data.get("program"), data["format"] > FORMAT):
        try:
            return _plan_of(data)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, UserError):
            raise damaged from None


def _plan_of(data: Mapping[str, Any]) -> Plan:
    """The plan in JSON values.

    Raises:
        KeyError, TypeError, ValueError, AttributeError, OverflowError, UserError: a value is
            missing, of another kind, or means nothing.
    """
    persons = {str(name): tuple(map(int, images)) for name, images in data["persons"].items()}
    folds = tuple(tuple(tuple(map(str, fold)) for fold in repeat) for repeat in data["folds"])
    variations = tuple(
        Variation(str(one["name"]), tuple((str(k), str(v)) for k, v in one["settings"]))
        for one in data["variations"]
    )
    plan = Plan(
        variations,
        persons,
        folds,
        fixed=bool(data["fixed"]),
        seed=int(data["seed"]),
        sizes=tuple(map(int, data["sizes"])),
        measure=str(data["measure"]),
        comparisons=tuple((str(a), str(b)) for a, b in data["comparisons"]),
        weights=str(data["weights"]),
        optimistic=bool(data["optimistic"]),
        threads=int(data["threads"]),
    )
    _require_sound(plan)
    return plan


def _require_sound(plan: Plan) -> None:
    """Refuse what a file may say but no plan can mean.

    Raises:
        ValueError, UserError: there is something.
    """
    names = [variation.name for variation in plan.variations]
    images = [image for own in plan.persons.values() for image in own]
    sound = (
        names
        and len({name.lower() for name in names}) == len(names)
        and all(map(names_a_folder, names))
        and sorted(images) == list(range(len(images)))
        and plan.folds
        and all(len(folds) == len(plan.folds[0]) > 0 for folds in plan.folds)
        and plan.measure in MEASURES
        and plan.weights in (LAST, INNER)
        and 0 <= plan.threads <= MOST_THREADS
        and list(plan.sizes) == sorted({size for size in plan.sizes if size > 0})
        and plan.cell_count <= MOST_CELLS
        and all(name in names for pair in plan.comparisons for name in pair)
    )
    if not sound or not all(map(_is_partition, plan.folds)):
        raise ValueError
    if not {p for folds in plan.folds for fold in folds for p in fold} <= plan.persons.keys():
        raise ValueError
    for cell in plan.cells():  # those of the other variations have the same images
        if cell.variation != names[0]:
            continue
        parts = plan.images(cell)
        if not (parts.train and parts.watched and parts.tested):
            raise ValueError


def _is_partition(folds: Folds) -> bool:
    """Whether no person is in two folds, and every fold has one."""
    persons = [person for fold in folds for person in fold]
    return all(folds) and len(set(persons)) == len(persons)
