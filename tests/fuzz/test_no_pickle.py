"""No file is ever unpickled: no module of the program can, and none asks a library to.

That pickles given as images, projects and weights do nothing is among the files of
test_damaged_files.py.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import deepimagetranslator

PACKAGE = Path(deepimagetranslator.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
FORBIDDEN = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
FORBIDDEN |= {"allow_pickle", "load_model", "read_pickle", "eval", "exec", "np.load", "numpy.load"}
FORBIDDEN |= {"torch.load", "safe_mode", "enable_unsafe_deserialization"}


def names_in(tree: ast.AST) -> Iterator[str]:
    """What a module imports, calls, and passes by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg
        elif isinstance(node, ast.Call):
            yield from {ast.unparse(node.func), ast.unparse(node.func).rpartition(".")[2]}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_module_can_unpickle(path: Path) -> None:
    assert not FORBIDDEN & set(names_in(ast.parse(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from pickle import loads",
        "import joblib.numpy_pickle",
        "np.load(path)",
        "read(path, allow_pickle=True)",
        "from keras.models import load_model",
        "keras.models.load_model(path)",
        "eval(text)",
    ],
)
def test_what_could_would_be_found(code: str) -> None:
    assert FORBIDDEN & set(names_in(ast.parse(code)))
