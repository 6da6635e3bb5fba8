"""A client without a window, whose engine trains until both are killed; see ``test_log_off``."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from long_use import LongUse

from deepimagetranslator.core.messages.events import BatchEnded


def main() -> None:
    """Begin a training of many epochs, and say when it runs."""
    folder = Path(sys.argv[1])
    use = LongUse(folder)
    specs = use.project.specs
    training = replace(specs.training, epochs=100_000)
    use.project = replace(use.project, specs=replace(specs, training=training))
    use.begin(folder / "run")
    use.until(BatchEnded)
    print("trains", flush=True)
    while True:
        use.client.poll()


if __name__ == "__main__":
    main()
