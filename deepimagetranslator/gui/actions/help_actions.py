"""The Help menu."""

from __future__ import annotations

import tkinter as tk

from deepimagetranslator.app.session import Session
from deepimagetranslator.core.system import paths
from deepimagetranslator.core.version import __version__
from deepimagetranslator.gui.system_dialogs import Boxes
from deepimagetranslator.gui.windows_os import open_folder


class HelpActions:
    """Shows the guide, the logs and the version.

    Args:
        root: the root window.
        session: knows the device.
        boxes: message boxes.
    """

    def __init__(self, root: tk.Tk, session: Session, boxes: Boxes) -> None:
        self._root = root
        self._session = session
        self._boxes = boxes

    def show_guide(self) -> None:
        """Open the guide."""
        from deepimagetranslator.gui.guide import Guide  # noqa: PLC0415

        Guide.open(self._root)

    def show_about(self) -> None:
        """Show version, device, licence and citation."""
        device = self._session.device or "loading TensorFlow"
        if self._session.unused_gpu:
            device += f"\n{self._session.unused_gpu}"
        self._boxes.inform(
            "About DeepImageTranslator",
            f"DeepImageTranslator {__version__}\nDevice: {device}\n\nFree software under the GNU "
            "General Public License, version 3 or later.\n\nPlease cite: Ye RZ et al., "
            '"DeepImageTranslator: a free, user-friendly graphical interface for image '
            'translation using deep learning and its applications in 3D CT image analysis", '
            "bioRxiv 2021, doi 10.1101/2021.05.15.444315.",
        )

    def open_log_folder(self) -> None:
        """Show the folder of logs in the system's file manager."""
        paths.log_folder().mkdir(parents=True, exist_ok=True)
        open_folder(paths.log_folder())
