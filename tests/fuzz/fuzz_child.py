"""The child process that reads damaged files: it loads what it needs, limits its own memory, and
answers one line for each line that it is asked.

    python fuzz_child.py KIND FOLDER ANSWERS

KIND is one of ``READERS``; FOLDER holds good files to warm up with, and takes the stack of a child
that dies; ANSWERS is the file descriptor for the answers. Descriptors 1 and 2 belong to the
libraries: nothing may come there.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.files import expand
from deepimagetranslator.core.imaging.images import image_size, read_image, read_spacing

ROOM = 2**30  # bytes of memory beyond what is loaded
LIMIT = 5.0  # seconds for a call
HANG = 300.0  # seconds of the clock until a child is stopped, on a busy machine too
DIED = "died.txt"
_LONGEST = 1500  # characters of a sentence, which may list every field's name
_RUNS = ("os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen")
_RUNS += ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "ctypes.dlopen")
_CHANGES = ("os.remove", "os.rename", "os.mkdir", "os.link", "os.symlink", "os.truncate")


def read_picture(path: Path) -> list[str]:
    """What became of an image file and its slices: the shapes, or the sentences."""
    found = []
    files = [path]
    slices = _said(expand, path)
    if slices != files:
        files += [slices[0], slices[len(slices) // 2], slices[-1]]
        files.append(path / f"{len(slices) + 1:04}")
    for file in files:
        said = _said(image_size, file)
        _said(read_spacing, file)
        image = _said(read_image, file)
        if isinstance(image, str):
            found.append(image)
            continue
        facts = (*image.shape, image.dtype.name)
        good = image.ndim == 3 and image.shape[2] in (1, 3) and image.flags.c_contiguous
        if not good or image.dtype.name not in ("uint8", "uint16", "float32") or facts != said:
            raise AssertionError(f"no valid image: {facts}, where image_size says {said}")
        found.append(str(facts))
        del image
    return found


def read_folder(path: Path) -> list[str]:
    """What becomes of a folder, or a file, whose images are listed and read."""
    from deepimagetranslator.core.imaging.files import list_images  # noqa: PLC0415

    listed = _said(list_images, path)
    if isinstance(listed, str):
        return [listed]
    answers = [_said(image_size, file) for file in listed[:20]]
    return [str(len(listed)), *map(str, answers)]


def read_project(path: Path) -> list[str]:
    """What becomes of a project file."""
    from deepimagetranslator.core.config.project import load_project  # noqa: PLC0415
    from deepimagetranslator.core.config.validation import specs_problems  # noqa: PLC0415

    project = _said(load_project, path)
    if isinstance(project, str):
        return [project]
    return ["project", *map(str, specs_problems(project.specs))]


def read_weights(path: Path) -> list[str]:
    """What becomes of a weights file: of its card, of its state, of its network."""
    import keras  # noqa: PLC0415

    from deepimagetranslator.ml import weights  # noqa: PLC0415

    card = _said(weights.read_card, path)
    state = _said(weights.read_state, path)
    found = [text for text in (card, state) if isinstance(text, str)]
    if not isinstance(card, str):
        found += card.lines()
        "\n".join(found).encode()  # what holds half characters cannot be printed
    loaded = _said(lambda path: weights.load(path, size=(8, 8)), path)
    if isinstance(loaded, str):
        return [*found, loaded]
    model, _ = loaded
    kinds = {str(variable.dtype) for variable in model.variables}
    if not kinds <= {"float32", "uint32", "int64"}:
        raise AssertionError(f"weights of {kinds}")
    del model, loaded
    keras.backend.clear_session()
    return [*found, "network"]


def translate_with(path: Path) -> list[str]:
    """What becomes of a weights file, and of a small image that it translates."""
    from deepimagetranslator.ml.translator import Translator  # noqa: PLC0415

    found = read_weights(path)
    translator = _said(Translator, path)
    if isinstance(translator, str):
        return [*found, translator]
    scaling, channels = translator.card.input_scaling, translator.card.model.input_channels
    image = np.full((24, 24, channels), 1, scaling.dtype)
    # Under the file's own name, so that a sentence about the image names it too.
    result = _said(lambda path: translator.translate(image, path.name), path)
    if isinstance(result, str):
        return [*found, result]
    if not np.isfinite(result).all():
        raise AssertionError("values that are not finite")
    return [*found, str(result.shape)]


def read_settings(path: Path) -> list[str]:
    """What becomes of a settings file: the defaults, with a line in the log."""
    import logging  # noqa: PLC0415

    from deepimagetranslator.app.settings import Settings  # noqa: PLC0415

    logging.getLogger("deepimagetranslator").addHandler(logging.NullHandler())
    settings = _said(Settings, path)
    palette = _said(lambda _: settings.get("palette", "system"), path)
    geometry = _said(lambda _: settings.get("geometry"), path)
    if palette not in ("dark", "light", "system"):
        raise AssertionError(f"a palette that is none: {palette!r:.99}")
    _said(lambda _: settings.recent, path)
    return [palette, geometry, _said(lambda _: settings.folder("a"), path)]


READERS: dict[str, Callable[[Path], list[str]]] = {
    "pictures": read_picture,
    "volumes": read_picture,
    "projects": read_project,
    "settings": read_settings,
    "folders": read_folder,
    "weights": read_weights,
    "translated weights": translate_with,
}


_seconds: list[float] = []
"""How long each call of the case took."""


def _said(call: Callable[[Any], Any], path: Path) -> Any:
    """What ``call`` gives, or the sentence of its ``UserError``."""
    begun = time.perf_counter(), time.process_time()
    try:
        return call(path)
    except UserError as error:
        text = str(error)
        lines = len(text.splitlines())
        if path.name not in text or lines != 1 or text[-1] != "." or len(text) > _LONGEST:
            raise AssertionError(f"no plain sentence: {text!r}") from error
        text.encode()  # what holds half characters cannot be printed
        return text
    finally:
        # On a busy machine the clock runs on, with several threads the processor's time does.
        took = time.perf_counter() - begun[0], time.process_time() - begun[1]
        _seconds.append(min(took))


class _Watch:
    """What a case does besides reading: files written, programs run, objects unpickled."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, event: str, values: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = values
            writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            # The temporary folder is looked at by the parent: a file without a name may be there.
            temporary = str(path).startswith(os.environ["TMPDIR"])
            if writes and not temporary and path != os.devnull:
                self.seen.append(f"writes {path}")
        elif event in (*_RUNS, *_CHANGES, "pickle.find_class"):
            self.seen.append(f"{event} {values!r:.200}")


def warm_up(kind: str, folder: Path) -> None:
    """Load every library and decoder that good files of the kind need."""
    if kind == "weights":
        from deepimagetranslator.ml.devices import load_engine  # noqa: PLC0415

        load_engine()
        _write_weights(folder)
    for path in sorted(folder.iterdir()):
        if path.name != DIED:
            for reader in (READERS[kind], *((read_folder,) * (kind == "projects"))):
                reader(path)


def _still_translates(folder: Path) -> None:
    """Within the limit, which counts the engine's own needs no more: it has what it needs."""
    from deepimagetranslator.core.system import machine  # noqa: PLC0415

    machine._RESERVED = 0
    assert translate_with(folder / "ours.weights.h5")[-1] == "(24, 24, 1)"


def _write_weights(folder: Path) -> None:
    """A weights file of ours, as small as can be."""
    from deepimagetranslator.core.config.specs import ModelSpec  # noqa: PLC0415
    from deepimagetranslator.ml import weights  # noqa: PLC0415
    from deepimagetranslator.ml.network.unet import build_unet  # noqa: PLC0415
    from deepimagetranslator.ml.weights_card import WeightsCard  # noqa: PLC0415

    spec = ModelSpec(2, 2, False, "none", 8, 8, 1, 8, 8, 1)
    path = folder / f"ours{weights.SUFFIX}"
    state = {"epoch": 3, "seeds": np.arange(3)}
    weights.save(build_unet(spec), path, WeightsCard(spec, training={"loss": 0.5}), state)


def main() -> None:
    kind, folder, answers = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    log = (folder / DIED).open("w")
    faulthandler.enable(log)
    warm_up(kind, folder)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + ROOM, taken + ROOM))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if kind == "weights":
        _still_translates(folder)
    watch = _Watch()
    sys.addaudithook(watch)
    _answer(answers, ready=True)
    for line in sys.stdin:
        name, path = json.loads(line)
        watch.seen.clear()
        faulthandler.dump_traceback_later(HANG, exit=True, file=log)
        _seconds.clear()
        wrong = ""
        try:
            READERS[name](Path(path))
        except BaseException as error:  # a panic of a Rust library is no Exception
            wrong = _described(error)
        faulthandler.cancel_dump_traceback_later()
        facts = {"longest": max(_seconds, default=0), "seconds": sum(_seconds)}
        _answer(answers, wrong=wrong, done=list(watch.seen), **facts)


def _described(error: BaseException) -> str:
    """The error and where it came from, innermost place first."""
    import traceback  # noqa: PLC0415

    places = [
        f"{Path(f.filename).name}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)
    ]
    return f"{type(error).__name__}: {error!s:.300} at {' < '.join(reversed(places))}"


def _answer(answers: int, **facts: Any) -> None:
    data = json.dumps(facts).encode() + b"\n"
    while data:
        data = data[os.write(answers, data) :]


if __name__ == "__main__":
    main()
