"""What a translation writes on a full disk, beside files that appear, and beside another one."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from networks import files, write_network
from tiny import picture

from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.export.output_lock import locked_output
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.messages.events import ImageTranslated
from deepimagetranslator.core.system import atomic_write as writing
from deepimagetranslator.core.system.atomic_write import NoSpaceError
from deepimagetranslator.core.system.temporary import temporary_name
from deepimagetranslator.ml.translation import translate

COUNT = 12


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_network(tmp_path_factory.mktemp("weights"), "plain")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for number in range(COUNT):
        write_image(tmp_path / "in" / f"{number:02}.png", picture(number, 16, 16))
    return tmp_path / "in"


def _moving(monkeypatch: pytest.MonkeyPatch, before: Callable[[Path], None]) -> None:
    """Call ``before`` with the final path of each file that is about to get its name."""
    moves = writing.move_new

    def moved(source: Path, destination: Path) -> None:
        before(destination)
        moves(source, destination)

    monkeypatch.setattr(writing, "move_new", moved)


@pytest.mark.parametrize("full_from", [0, 5, COUNT - 1])
def test_a_full_disk_ends_a_translation_with_one_sentence(
    plain: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full_from: int
) -> None:
    def full(destination: Path) -> None:
        if int(destination.stem) >= full_from:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    out, events = tmp_path / "out", []
    with monkeypatch.context() as patched:
        _moving(patched, full)
        with pytest.raises(NoSpaceError) as failed:
            translate(plain, [pictures], out, TranslationSpec(batch_size=2), report=events.append)
    written = list(files(out)) if out.exists() else []
    assert len(str(failed.value).splitlines()) == 1
    assert f"{len(written)} of {COUNT} images are translated" in str(failed.value)
    assert written == [f"{number:02}.png" for number in range(full_from)]
    told = [event.output.file.name for event in events if isinstance(event, ImageTranslated)]
    assert told == written
    for name in written:
        assert read_image(out / name).shape == (16, 16, 1)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_that_appears_while_translating_stays(
    plain: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overwrite: bool
) -> None:
    def appears(destination: Path) -> None:
        if destination.stem == "03":
            destination.write_bytes(b"theirs")

    _moving(monkeypatch, appears)
    out = tmp_path / "out"
    result = translate(plain, [pictures], out, TranslationSpec(overwrite=overwrite))
    assert len(result.translated) == (COUNT if overwrite else COUNT - 1)
    if not overwrite:
        ((source, reason),) = result.skipped
        assert source.name == "03.png" and "exists already and is not overwritten" in reason
        assert (out / "03.png").read_bytes() == b"theirs"
    assert files(out) == [f"{number:02}.png" for number in range(COUNT)]


def test_a_second_translation_into_the_folder_is_told(
    plain: Path, pictures: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with locked_output(out / ".." / "out"), pytest.raises(UserError, match="translated into by"):
        translate(plain, [pictures], out)
    assert not out.exists()
    assert len(translate(plain, [pictures], out).translated) == COUNT


def test_a_home_that_cannot_be_written_stops_no_translation(
    plain: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").write_bytes(b"")
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "home"))
    assert len(translate(plain, [pictures], tmp_path / "out").translated) == COUNT


def test_what_a_killed_translation_left_is_deleted(
    plain: Path, pictures: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    parts = temporary_name("03.png").split("-")
    (out / "-".join([*parts[:3], "1", *parts[4:]])).write_bytes(b"half")
    translate(plain, [pictures], out)
    assert not [*out.glob(".tmp-*")]
