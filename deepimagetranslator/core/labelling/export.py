"""Export of label maps in the geometry of their inputs, by the writers of a translation.

The format "automatic" follows the input: a derived DICOM series for DICOM, NIfTI with its affine
for NIfTI, a TIFF stack for a stack, PNG for the rest. In DICOM and NIfTI they are class numbers in
the order of the classes, else label colours. Slices of a file without a label map are background.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.export.dicom_derived import DerivedSeries
from deepimagetranslator.core.export.encodings import Network
from deepimagetranslator.core.export.layout import places, require_folder
from deepimagetranslator.core.export.plan import OutputFile, plan
from deepimagetranslator.core.export.volume import VolumeWriter
from deepimagetranslator.core.imaging.files import expand
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import image_size
from deepimagetranslator.core.labelling.label_map import Classes
from deepimagetranslator.core.labelling.progress import Progress, silent
from deepimagetranslator.core.labelling.store import LabelStore

_NAME = "labels"


def export(
    store: LabelStore,
    images: Iterable[ImageRef],
    output: Path,
    spec: TranslationSpec | None = None,
    progress: Progress = silent,
) -> list[Path]:
    """Write the label maps of images into a folder.

    Args:
        store: has them.
        images: the images; those of them without a label map are left out.
        output: the folder; nothing in it is replaced unless ``spec.overwrite``.
        spec: the format, and whether colours ("labels") or class numbers ("classes") are written.
        progress: told the part that is done.

    Returns:
        The written files.

    Raises:
        UserError: there is none, or one cannot be written.
    """
    begun = set(store.begun())
    wanted = [image for image in images if image in begun]
    if not wanted:
        raise UserError("None of these images has a label map yet; paint one first.")
    require_folder(output)
    of_volumes = {image.file for image in wanted if image.slice is not None}
    whole = [slice_ for file in sorted(of_volumes) for slice_ in expand(file)]
    given = [*(image for image in wanted if image.file not in of_volumes), *whole]
    palette = store.table.palette()
    scaling = IntensityNormalization("type", 0.0, 255.0, "uint8")
    network = Network(_NAME, len(palette.colours), True, scaling, palette)
    chosen = replace(spec or TranslationSpec(), clean_up=(), confidence=False)
    files = plan(places(given, output), output, network, chosen)
    derived = DerivedSeries(_NAME, palette.class_names)
    done = 0
    for file in files:
        writer = VolumeWriter(file, derived, chosen.overwrite)
        for source in file.sources:
            numbers = _numbers(store, source)
            writer.put(source, _encoded(store, file, numbers), numbers.shape)
            done += 1
            progress(done / len(given))
    return [file.path for file in files]


def _numbers(store: LabelStore, image: ImageRef) -> Classes:
    height, width, *_ = image_size(image)
    found = store.read(image, (height, width), to_paint=False)
    return np.zeros((height, width), np.uint8) if found is None else found


def _encoded(store: LabelStore, file: OutputFile, numbers: Classes) -> Classes:
    classes = store.table.dense(numbers)
    palette = file.encoding.network.palette
    assert palette is not None
    return classes[..., None] if file.encoding.kind == "classes" else palette.decode(classes)
