"""A run's folder: names of files, the best ones, the history."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.runs.history_text import line_of, text_of
from deepimagetranslator.core.runs.run_folder import RunFolder, new_run_dir

numbers = st.floats(allow_nan=True, allow_infinity=True, width=64)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def row(epoch: int, **values: float) -> dict[str, float]:
    return {"epoch": float(epoch), "loss": 1.0 / epoch, **values}


def test_names_are_those_of_the_2021_program_with_more_digits(run: RunFolder) -> None:
    assert run.improvement(3, 0.123456).name == "weights-improvement-03-0.1235.weights.h5"
    assert run.improvement(120, 12.0).name == "weights-improvement-120-12.0000.weights.h5"
    for path in (run.best, run.last):
        assert path.name.endswith(".weights.h5")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.dictionaries(st.integers(1, 100_000), st.floats(-1e6, 1e6), max_size=5))
def test_improvements_are_found_by_their_names(run: RunFolder, made: dict[int, float]) -> None:
    for old in run.path.iterdir():
        old.unlink()
    for epoch, value in made.items():
        run.improvement(epoch, value).write_bytes(b"")
    for name in (
        "weights-improvement-x.weights.h5",
        ".tmp-1-weights-improvement-01-0.1.weights.h5",
    ):
        (run.path / name).write_bytes(b"")
    found = run.improvements()
    assert [improvement.epoch for improvement in found] == sorted(made)
    for improvement in found:
        assert improvement.value == pytest.approx(made[improvement.epoch], abs=1e-4)


@pytest.mark.parametrize(
    ("count", "left"), [(0, [1, 4, 10]), (1, [10]), (2, [4, 10]), (9, [1, 4, 10])]
)
def test_the_last_improvements_are_kept(run: RunFolder, count: int, left: list[int]) -> None:
    for epoch, value in ((1, 0.9), (4, 0.5), (10, 0.2)):
        run.improvement(epoch, value).write_bytes(b"")
    run.keep_improvements(count)
    assert [improvement.epoch for improvement in run.improvements()] == left


def test_a_file_that_cannot_be_deleted_ends_no_training_and_is_told_at_a_resume(
    run: RunFolder,
) -> None:
    run.improvement(1, 0.9).mkdir()  # a folder is no file that could be deleted
    run.improvement(2, 0.5).write_bytes(b"")
    run.improvement(3, 0.3).write_bytes(b"")
    run.keep_improvements(1)
    assert [improvement.epoch for improvement in run.improvements()] == [1, 3]
    with pytest.raises(UserError, match=r"weights-improvement-01-0\.9000.* cannot be written"):
        run.drop_begun()


def test_a_state_that_cannot_be_renamed_is_told(run: RunFolder) -> None:
    run.previous.write_bytes(b"whole")
    (run.last / "of somebody").mkdir(parents=True)
    with pytest.raises(UserError, match=r"last\.weights\.h5 cannot be written"):
        run.take_previous()
    assert run.previous.read_bytes() == b"whole"


def test_later_improvements_are_dropped_at_a_resume(run: RunFolder) -> None:
    for epoch in (1, 4, 10):
        run.improvement(epoch, 1 / epoch).write_bytes(b"")
    run.drop_improvements_after(4)
    assert [improvement.epoch for improvement in run.improvements()] == [1, 4]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=4))
def test_history_gives_back_exactly_what_was_written(
    run: RunFolder, values: list[tuple[float, float]]
) -> None:
    rows = [row(i, val_loss=a, seconds=b) for i, (a, b) in enumerate(values, 1)]
    run.write_history(text_of(rows))
    for found, expected in zip(run.read_history(), rows, strict=True):
        assert list(found) == list(expected)
        for name, value in expected.items():
            assert found[name] == value or (math.isnan(found[name]) and math.isnan(value))


def test_history_is_plain_csv(run: RunFolder) -> None:
    run.write_history(text_of([row(1, val_loss=math.nan), row(2, val_loss=0.25)]))
    assert run.history.read_bytes() == b"epoch,loss,val_loss\n1,1.0,\n2,0.5,0.25\n"
    assert text_of([]) == ""
    assert line_of(row(3)) == "3,0.3333333333333333\n"


def test_a_folder_without_a_history_has_none(run: RunFolder) -> None:
    assert run.read_history() == [] and run.improvements() == []
    run.history.mkdir()
    assert run.read_history() == []


WHOLE = b"epoch,loss\n1,1.0\n2,0.5\n"


@pytest.mark.parametrize(
    ("text", "epochs", "other"),
    [
        (b"", 0, False),
        (b"epoch,lo", 0, False),
        (b"epoch,loss\n", 0, False),
        (WHOLE + b"3", 2, False),  # cut short by a crash
        (WHOLE + b"3,0.3,9\n", 2, False),
        (WHOLE + b"\xff\xfe\x00\x81,\x00\n", 2, False),
        (WHOLE + b"2,0.4\n", 2, False),  # an epoch twice
        (WHOLE + b"nan,0.4\n", 2, False),
        (b"\x00" * 300, 0, True),
        (bytes(range(256)), 0, True),
        (b"loss,mae\n1.0,2.0\n", 0, True),
        ("epoch,loss\n1,1\n".encode("utf-16"), 0, True),
    ],
)
def test_a_damaged_history_is_read_up_to_the_damage(
    run: RunFolder, text: bytes, epochs: int, other: bool
) -> None:
    run.history.write_bytes(text)
    assert [one["epoch"] for one in run.read_history()] == [*range(1, epochs + 1)]
    assert run.has_other_history() is other


def test_new_runs_never_share_a_folder(tmp_path: Path) -> None:
    made = [new_run_dir(tmp_path / "p-runs") for _ in range(5)]
    assert len({*made}) == 5 and all(folder.is_dir() for folder in made)
    assert sorted(made) == made
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match="cannot be created"):
        new_run_dir(tmp_path / "file")
