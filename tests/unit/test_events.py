"""The bus: who is told of which change, in which order, and no longer."""

from __future__ import annotations

from deepimagetranslator.app.events import (
    Bus,
    Change,
    JobChanged,
    ProblemOccurred,
    ProjectChanged,
    ProjectSaved,
    SpecsChanged,
)
from deepimagetranslator.core.errors import UserError


def test_a_listener_hears_its_class_and_the_classes_below() -> None:
    bus = Bus()
    saved: list[ProjectSaved] = []
    project: list[ProjectChanged] = []
    every: list[Change] = []
    bus.subscribe(ProjectSaved, saved.append)
    bus.subscribe(ProjectChanged, project.append)
    bus.subscribe(Change, every.append)
    told = [ProjectSaved(), SpecsChanged(), JobChanged()]
    for change in told:
        bus.publish(change)
    assert saved == told[:1]
    assert project == told[:2]
    assert every == told


def test_listeners_are_told_in_the_order_in_which_they_came() -> None:
    bus = Bus()
    heard: list[str] = []
    bus.subscribe(JobChanged, lambda _: heard.append("first"))
    bus.subscribe(Change, lambda _: heard.append("second"))
    bus.subscribe(JobChanged, lambda _: heard.append("third"))
    bus.publish(JobChanged())
    assert heard == ["first", "second", "third"]


class Listener:
    """Takes itself off at the first change."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.heard: list[Change] = []
        bus.subscribe(JobChanged, self.on_change)
        bus.subscribe(ProjectSaved, self.on_change)

    def on_change(self, change: Change) -> None:
        self.heard.append(change)
        self.bus.unsubscribe(self.on_change)


def test_a_listener_that_goes_hears_nothing_more_and_the_others_do() -> None:
    bus = Bus()
    listener = Listener(bus)
    others: list[Change] = []
    bus.subscribe(Change, others.append)
    for change in (JobChanged(), JobChanged(), ProjectSaved()):
        bus.publish(change)
    assert listener.heard == [JobChanged()]
    assert len(others) == 3


def test_an_error_is_told_in_words_for_the_user() -> None:
    bus = Bus()
    told: list[ProblemOccurred] = []
    bus.subscribe(ProblemOccurred, told.append)
    bus.publish_error(UserError("There is no image."))
    bus.publish_error(KeyError("planted"))
    assert [problem.text for problem in told] == ["There is no image.", "KeyError: 'planted'"]
