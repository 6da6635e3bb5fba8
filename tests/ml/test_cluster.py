"""How tasks are dealt to workers that vanish, with a scheduler that is the test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.events import LogLine
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.ml.cluster import cluster, tasks
from deepimagetranslator.ml.cluster.cluster import Cluster, Task

A, B = "tcp://10.0.0.1:1", "tcp://10.0.0.2:1"


@dataclass(eq=False)
class Future:
    """A task at a worker; ``fetch`` is what happens when its result is asked for."""

    fetch: Callable[[], Any]
    status: str = "finished"
    waited: list[float | None] = field(default_factory=list)

    def result(self, timeout: float | None = None) -> Any:
        self.waited.append(timeout)
        return self.fetch()

    def done(self) -> bool:
        return self.status != "pending"

    def cancel(self) -> None:
        self.status = "cancelled"


class Scheduler:
    """A client of a scheduler with two workers; ``answers`` are those to the tasks, in order."""

    def __init__(self, *answers: Callable[[], Any]) -> None:
        self.workers = [A, B]
        self.answers = list(answers)
        self.futures: list[tuple[Future, str]] = []

    def subscribe_topic(self, _topic: str, _handler: object) -> None:
        pass

    def nthreads(self) -> dict[str, int]:
        if not self.workers:
            raise OSError("closed")
        return dict.fromkeys(self.workers, 1)

    def submit(self, function: object, *_arguments: object, workers: list[str], **_: object) -> Any:
        if function is tasks.answer:
            return Future(lambda: "")
        self.futures.append((Future(self.answers.pop(0)), workers[0]))
        return self.futures[-1][0]

    def cancel(self, _futures: object) -> None:
        pass


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_POLL", 0.0)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    (tmp_path / "plan.json").write_text("{}")
    return tmp_path / "plan.json"


def late() -> Any:
    raise TimeoutError


def dealt(
    scheduler: Scheduler, shared: Path, control: JobControl | None = None
) -> tuple[list[tuple[str, Any]], list[str]]:
    """What came of one task, and the lines that were told."""
    lines: list[str] = []

    def report(event: object) -> None:
        assert isinstance(event, LogLine)
        lines.append(event.text)

    todo = [Task("cell", tasks.train, ())]
    found = Cluster(scheduler, "tcp://s:1", shared).deal(todo, report, control or JobControl())
    return [(task.name, value) for task, value in found], lines


def test_a_worker_that_vanishes_with_its_result_is_not_waited_for(shared: Path) -> None:
    """Its task is dealt again. The result was asked for with a limit."""

    def vanishing() -> Any:
        scheduler.workers.remove(A)
        raise TimeoutError

    scheduler = Scheduler(vanishing, lambda: tasks.Outcome(7))
    found, lines = dealt(scheduler, shared)
    assert found == [("cell", 7)]
    assert lines == [f"cell: its worker {A} has vanished."]
    assert [worker for _, worker in scheduler.futures] == [A, B]
    assert {seconds for one, _ in scheduler.futures for seconds in one.waited} == {cluster._STEP}


def test_a_result_that_comes_late_is_taken(shared: Path) -> None:
    times = [TimeoutError(), OSError("reset"), None]

    def third() -> Any:
        error = times.pop(0)
        if error is not None:
            raise error
        return tasks.Outcome("value")

    scheduler = Scheduler(third)
    assert dealt(scheduler, shared) == ([("cell", "value")], [])


def test_a_worker_that_never_hands_over_its_result_is_given_up(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_ANSWER", 0.0)
    scheduler = Scheduler(late, late, late)
    found, lines = dealt(scheduler, shared)
    assert found == []
    assert lines[0] == f"cell: its worker {A} does not hand over its result."
    assert lines[-1] == "cell is left out, as 3 workers were lost with it."


def test_while_a_result_is_waited_for_it_can_be_cancelled_and_the_scheduler_may_go(
    shared: Path,
) -> None:
    control = JobControl()

    def cancelling() -> Any:
        control.cancel.set()
        raise TimeoutError

    with pytest.raises(Cancelled):
        dealt(Scheduler(cancelling), shared, control)

    def ending() -> Any:
        scheduler.workers.clear()
        raise TimeoutError

    scheduler = Scheduler(ending)
    with pytest.raises(UserError, match="no longer answers"):
        dealt(scheduler, shared)
