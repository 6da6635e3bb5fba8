"""The memory that a translated volume takes until it is written, as a part of its own size.

Run it as ``python tests/benchmarks/bench_volume.py [--json]``. 400 slices of 512 x 512 float32
values are handed over one by one, as a translation does; measured is the growth of the greatest
resident set until the file is complete. Linux only.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path, PurePath

import numpy as np

from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.export.dicom_derived import DerivedSeries
from deepimagetranslator.core.export.encodings import Network
from deepimagetranslator.core.export.plan import plan
from deepimagetranslator.core.export.volume import VolumeWriter
from deepimagetranslator.core.imaging.files import list_images

SLICES, SIDE = 400, 512
WRITER = (
    "import sys, numpy, nibabel; nibabel.save(nibabel.Nifti1Image("
    f"numpy.zeros(({SIDE}, {SIDE}, {SLICES}), numpy.int16), numpy.eye(4)), sys.argv[1])"
)


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def growth_mib(folder: Path, name: str) -> float:
    """MiB more than before, after a volume has been written."""
    file = folder / name
    subprocess.run([sys.executable, "-c", WRITER, str(file)], check=True)
    network = Network("bench", 1, False, IntensityNormalization("data", 0.0, 1.0, "float32"), None)
    images = {image: PurePath(name) for image in list_images(file)}
    (output_file,) = plan(images, folder / "out", network, TranslationSpec())
    writer, before = VolumeWriter(output_file, DerivedSeries("bench")), peak_mib()
    rng = np.random.default_rng(0)
    for source in output_file.sources:
        writer.put(source, rng.random((SIDE, SIDE, 1), np.float32), (SIDE, SIDE))
    return peak_mib() - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    with tempfile.TemporaryDirectory() as place:
        grown = growth_mib(Path(place), "scan.nii")
    size = SLICES * SIDE * SIDE * 4 / 2**20
    result = {"volume_mib": size, "growth_mib": round(grown, 1), "ratio": round(grown / size, 2)}
    print(json.dumps(result) if as_json else f"{size:.0f} MiB take {grown:.0f} MiB more")


if __name__ == "__main__":
    main()
