"""The command line, for the same work as in the window.

Exit status: 0 done, 1 unexpected error, 2 the user must change something, 3 done but some files
were skipped, 130 cancelled.
"""

from __future__ import annotations

import sys
import tempfile
import traceback
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from deepimagetranslator.cli import remedies, terminal
from deepimagetranslator.cli.arguments import build_parser
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.job_control import Cancelled
from deepimagetranslator.core.system.out_of_memory import is_out_of_memory, out_of_memory
from deepimagetranslator.core.system.system_path import require_possible

DONE, UNEXPECTED, USER_MUST_CHANGE, SKIPPED, CANCELLED = 0, 1, 2, 3, 130


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit status. No traceback reaches the terminal."""
    terminal.use_utf8()
    parser = build_parser()
    chosen = parser.parse_args(arguments)
    if "command" not in chosen:
        parser.print_help(sys.stderr)
        return USER_MUST_CHANGE
    result: dict[str, object]
    try:
        require_possible(*_paths_in(vars(chosen).values()))
        status, result = chosen.command(chosen)
    except UserError as error:
        status, result = _to_be_changed(error)
    except (Cancelled, KeyboardInterrupt):
        terminal.say("Cancelled.")
        status, result = CANCELLED, {"error": "cancelled"}
    except Exception as error:
        known = is_out_of_memory(error)
        status, result = _to_be_changed(out_of_memory()) if known else _unexpected(error)
    if chosen.json:
        terminal.print_json(result)
    return int(status)


def _paths_in(values: Iterable[object]) -> Iterator[Path]:
    """The paths among the values of options, and in lists of them."""
    for value in values:
        if isinstance(value, Path):
            yield value
        elif isinstance(value, list):
            yield from _paths_in(value)


def _to_be_changed(error: UserError) -> tuple[int, dict[str, object]]:
    terminal.say_problems(error.problems)
    remedy = remedies.all_words(error.problems)
    return USER_MUST_CHANGE, {"error": error.for_files, "remedy": remedy}


def _unexpected(error: Exception) -> tuple[int, dict[str, object]]:
    details = _keep_details()
    message = f"Unexpected: {type(error).__name__}: {error} Details are in {details}."
    terminal.say(message)
    return UNEXPECTED, {"error": message}


def _keep_details() -> Path:
    with tempfile.NamedTemporaryFile(
        "w", prefix="deepimagetranslator-", suffix=".log", delete=False, encoding="utf-8"
    ) as file:
        file.write(traceback.format_exc())
    return Path(file.name)
