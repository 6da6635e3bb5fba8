"""Texts about the open study, for its view and the status bar."""

from __future__ import annotations

from deepimagetranslator.app.study.outlook import test_words, trainings
from deepimagetranslator.app.study.study_state import Phase, StudyState
from deepimagetranslator.app.training.words import time_left
from deepimagetranslator.core.study import duration
from deepimagetranslator.core.study.plan import DICE, LAST, Cell, Plan
from deepimagetranslator.core.study.status import CellStatus, Step

MEASURES = {"dice": "Mean Dice of the classes", "psnr": "PSNR"}
WEIGHTS = {"last": "Last weights", "inner": "Weights that inner persons choose"}
_NAMED = 4


def about(plan: Plan) -> str:
    """What the study is, in a sentence or two."""
    scored = "the last weights are" if plan.weights == LAST else "weights of inner persons are"
    return (
        f"{trainings(plan)} Primary measure: {MEASURES[plan.measure]}; {scored} scored. "
        f"{test_words(plan)}"
    )


def headline(state: StudyState) -> str:
    """What is going on, in a few words."""
    match state.phase:
        case Phase.FORECASTING:
            return "Measuring how long it takes"
        case Phase.STOPPING:
            return "Stopping"
        case Phase.REPORTING:
            return "Writing the report"
        case Phase.RUNNING:
            return f"Training {state.done + 1} of {len(state.cells)}"
    if not state.open_cells:
        return "All trainings are done"
    return f"{state.done} of {len(state.cells)} trainings are done"


def remark(state: StudyState) -> str:
    """A sentence below the headline."""
    if state.message:
        return state.message
    if state.phase is Phase.STOPPING and state.may_force:
        return "The training process does not respond. You can force it to stop."
    if state.phase is Phase.RUNNING:
        return _running(state)
    if state.phase is Phase.REPORTING:
        done, count = state.written
        return f"Figures and tables: {done} of {count}." if count else "Reading the scores."
    if state.phase is Phase.FORECASTING:
        return "Some steps of each variation are tried."
    failed = sum(found.step is Step.FAILED for found in state.cells.values())
    if failed:
        return f"{failed} failed; select it to see the reason. {expected(state)}"
    return expected(state)


def expected(state: StudyState) -> str:
    """How long the rest takes, such as "12 trainings, about 5 h on this machine."."""
    count, left = len(state.open_cells), state.seconds_left
    if not count:
        return "The report compares them."
    if left is None:
        return ""
    return duration.expected(count, left)


def status(state: StudyState) -> str:
    """For the status bar: "Study 3/12, epoch 4/20, 2 h left"."""
    match state.phase:
        case Phase.FORECASTING:
            return "Study: measuring how long it takes..."
        case Phase.REPORTING:
            return "Writing the report of the study..."
        case Phase.STOPPING:
            return "Stopping the study..."
    words = f"Study {min(state.done + 1, len(state.cells))}/{len(state.cells)}"
    if state.current:
        found = state.cells[state.current]
        words += f", epoch {min(found.epoch + 1, _epochs(state, found))}/{_epochs(state, found)}"
    left = state.seconds_left
    return words if left is None else f"{words}, {time_left(left)} left"


def step_words(state: StudyState, found: CellStatus) -> str:
    """How far a cell has come, in a word or two."""
    if found.cell.name != state.current:
        return found.step.value
    if state.phase is Phase.STOPPING:
        return "stopping"
    if found.epoch >= _epochs(state, found):
        return "evaluating"
    return "training" if state.batches else "preparing"


def epoch_words(state: StudyState, found: CellStatus) -> str:
    """The complete epochs of those planned, such as "3 of 40"."""
    return f"{found.epoch} of {_epochs(state, found)}"


def value_words(plan: Plan, found: CellStatus) -> str:
    """The mean of the primary measure over the tested persons; empty until the cell is done."""
    if found.step is not Step.DONE:
        return ""
    if found.value != found.value:
        return "undefined"
    return f"{found.value:.4f}" if plan.measure == DICE else f"{found.value:.2f} dB"


def fold_of(plan: Plan, cell: Cell) -> str:
    """The fold with those it tests, such as "2: anna, bert"."""
    persons = plan.folds[cell.repeat - 1][cell.fold - 1]
    more = ", ..." if len(persons) > _NAMED else ""
    return f"{cell.fold}: {', '.join(persons[:_NAMED])}{more}"


def _running(state: StudyState) -> str:
    left = state.seconds_left
    ending = "" if left is None else f" About {time_left(left)} left."
    if not state.current:
        return f"Preparing.{ending}"
    found = state.cells[state.current]
    done, count = state.evaluating
    if found.epoch >= _epochs(state, found) and count:
        return f"{state.current}: evaluating image {done} of {count}.{ending}"
    step = f", step {state.batch} of {state.batches}" if state.batches else ""
    epoch = min(found.epoch + 1, _epochs(state, found))
    return f"{state.current}: epoch {epoch} of {_epochs(state, found)}{step}.{ending}"


def _epochs(state: StudyState, found: CellStatus) -> int:
    return state.epochs_of(found.cell)
