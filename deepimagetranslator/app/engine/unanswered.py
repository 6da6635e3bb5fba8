"""Which short requests a worker process has not answered. Imports no Tk."""

from __future__ import annotations

from deepimagetranslator.app.engine.outbox import is_passing
from deepimagetranslator.core.messages.events import (
    Event,
    ModelInitialised,
    PreviewReady,
    WeightsDescribed,
)
from deepimagetranslator.core.messages.requests import (
    DescribeWeights,
    InitialiseModel,
    PreviewTranslation,
    Request,
)

_Key = tuple[str, object]


class Unanswered:
    """Short requests in the order in which they were sent.

    Of previews without ``keep`` the newest is held, since the worker answers no other.
    """

    def __init__(self) -> None:
        self._asked: list[Request] = []

    @property
    def requests(self) -> list[Request]:
        """Those that wait for their answer."""
        return list(self._asked)

    def ask(self, request: Request) -> None:
        """Note a request; one that has no answer of its own is passed over."""
        if _key_of_request(request) is None:
            return
        if is_passing(request):
            self._asked = [other for other in self._asked if not is_passing(other)]
        self._asked.append(request)

    def answer(self, event: Event) -> None:
        """Note an answer."""
        key = _key_of_answer(event)
        keys = [_key_of_request(request) for request in self._asked]
        if key is not None and key in keys:
            del self._asked[keys.index(key)]


def _key_of_request(request: Request) -> _Key | None:
    match request:
        case PreviewTranslation(number=number):
            return "preview", number
        case DescribeWeights(path=path):
            return "weights", str(path)
        case InitialiseModel(path=path):
            return "model", str(path)
    return None


def _key_of_answer(event: Event) -> _Key | None:
    match event:
        case PreviewReady(number=number):
            return "preview", number
        case WeightsDescribed(path=path):
            return "weights", path
        case ModelInitialised(path=path):
            return "model", path
    return None
