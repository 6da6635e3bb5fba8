"""Networks of a study translate together by the real window and the real engine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from window import Window

from deepimagetranslator.core.sample import write_sample
from deepimagetranslator.core.study.ensemble import Networks
from deepimagetranslator.gui.actions.translate_actions import TranslateActions
from deepimagetranslator.gui.dialogs.translation_dialog import TranslationDialog
from deepimagetranslator.gui.jobs.job_window import JobWindow

DATA_2021 = Path(__file__).parents[1] / "data" / "weights_2021"


def test_the_list_shows_how_far_networks_are_apart_and_again_when_they_are_loaded(
    window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two copies of one network, which agree everywhere."""
    files = (tmp_path / "a.hdf5", tmp_path / "b.hdf5")
    for file in files:
        shutil.copyfile(DATA_2021 / "plain-weights.hdf5", file)
    together = Networks("augmentation-on", files, ())
    monkeypatch.setattr(TranslateActions, "_together", lambda _self: {"2 networks": together.files})
    sample = write_sample(tmp_path / "sample", size=32, people=[1], slices=2)
    window.answers.paths = [sample.pairs["person01"][0][0].parent]
    window.choose("Translate", "Load folder for translation...")
    viewer = window.session.viewer
    window.until(lambda: viewer.part == "translated" and viewer.count() == 2)
    window.choose("Translate", "Translate and save...")
    dialog = window.dialog(TranslationDialog)
    assert isinstance(dialog, TranslationDialog)
    assert dialog.weights.get() == "2 networks"
    output = tmp_path / "together"
    dialog.folder.set(str(output))
    dialog.update()
    dialog.ok_button.invoke()
    job = window.dialog(JobWindow)
    assert isinstance(job, JobWindow)
    window.until(lambda: not window.session.jobs.kind)
    assert "second_look.csv begins with" in job._words.get()
    job.destroy()

    def told() -> list[str]:
        return [str(viewer.marks.agreement_of(image)) for image in viewer.to_translate]

    assert told() == ["networks apart 0"] * 2
    assert len(list(output.glob("*_disagreement.*"))) == 2
    window.answers.paths = [output]
    window.choose("Translate", "Load folder for translation...")
    window.until(lambda: viewer.folder_to_translate == output)
    assert viewer.count() == 2, "the maps are no images"
    window.until(lambda: told() == ["networks apart 0"] * 2)
    assert window.answers.failed == []
