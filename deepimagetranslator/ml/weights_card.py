"""The card of a weights file: which network it holds, and how images go in and come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deepimagetranslator.core.checks.values.unlike_values import Trained
from deepimagetranslator.core.config import fields
from deepimagetranslator.core.config.network_plan import embedding_channels
from deepimagetranslator.core.config.specs import ModelSpec
from deepimagetranslator.core.data.domain.domain import UNKNOWN, Domain
from deepimagetranslator.core.data.input_statistics import InputStatistics
from deepimagetranslator.core.data.intensity.conversion import Conversion, input_to_target
from deepimagetranslator.core.data.intensity.normalization import BYTES, IntensityNormalization
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError, printable
from deepimagetranslator.core.evaluation.calibration import Calibration
from deepimagetranslator.core.imaging.reading import READING_VERSION
from deepimagetranslator.core.version import PROGRAM, naming_newer_version

FORMAT = 1
_LONGEST_LINE = 2000  # characters of a line of the description; 32 named classes have fewer


@dataclass(frozen=True)
class WeightsCard:
    """The description inside a weights file.

    Attributes:
        model: the network; a size of 0 means that each image's own size is used.
        input_scaling, target_scaling: intensity normalization, from file values to 0..1.
        palette: the label colours if the targets were label maps, else None.
        preset: the preset that the project began with.
        training: a summary: loss, precision, epoch, val_loss, number of pairs, ...
        program: the program and version that wrote the file.
        large_images: how larger images were trained on, "resize" or "crop".
        input_statistics: the values of the training inputs; None if they were not measured, as by
            versions before 2.1.
        reading: the reading version of the training images, see ``core.imaging.reading``.
        calibration: of the confidence, see ``core.evaluation.calibration``; None if there is none.
        domain: which images the weights suit.
    """

    model: ModelSpec
    input_scaling: IntensityNormalization = BYTES
    target_scaling: IntensityNormalization = BYTES
    palette: Palette | None = None
    preset: str = ""
    training: Mapping[str, Any] = field(default_factory=dict)
    program: str = PROGRAM
    large_images: str = "resize"
    input_statistics: InputStatistics | None = None
    reading: int = READING_VERSION
    calibration: Calibration | None = None
    domain: Domain = UNKNOWN

    def to_json(self) -> dict[str, Any]:
        calibrated = self.calibration
        return {
            **({} if calibrated is None else {"calibration": calibrated.to_json()}),
            "format": FORMAT,
            "program": self.program,
            "preset": self.preset,
            "model": fields.to_json(self.model),
            "input_scaling": self.input_scaling.to_json(),
            "target_scaling": self.target_scaling.to_json(),
            "palette": None if self.palette is None else self.palette.to_json(),
            "large_images": self.large_images,
            "input_statistics": self.input_statistics and self.input_statistics.to_json(),
            "reading": self.reading,
            "training": dict(self.training),
        } | ({} if self.domain == UNKNOWN else {"domain": self.domain.to_json()})

    def lines(self) -> tuple[str, ...]:
        """The description for the user, one fact per line."""
        model = self.model

        def size(height: int, width: int, channels: int) -> str:
            pixels = f"{width} x {height} pixels" if height else "the images' own size"
            return f"{pixels}, {channels} channel{'s' * (channels > 1)}"

        extras = [f"{model.normalization} normalization"] if model.normalization != "none" else []
        extras += ["deep supervision"] if model.deep_supervision else []
        extras += ["residual output"] if model.residual else []
        found = [
            f"Written by {self.program}" + (self.preset and f", preset {self.preset}"),
            f"U-Net of {model.depth} blocks, {model.base_filters} channels in the first"
            + "".join(f", {extra}" for extra in extras),
            f"Input: {size(model.input_height, model.input_width, model.input_channels)}",
            f"Output: {size(model.target_height, model.target_width, model.target_channels)}",
            f"Values: input {_range(self.input_scaling)}, target {_range(self.target_scaling)}",
        ]
        if self.palette is not None:
            names = self.palette.names or [""] * len(self.palette.colours)
            classes = zip(self.palette.written or self.palette.colours, names, strict=True)
            found.append(f"Label colours: {', '.join(f'{c} {n}'.strip() for c, n in classes)}")
        if self.large_images == "crop":
            found.append("Trained on crops of larger images in full resolution")
        if self.calibration is not None:
            found.append(f"Confidence: calibrated on {self.calibration.images} images")
        found.append(self.domain.line)
        for name, value in self.training.items():
            shown = f"{value:.5g}" if isinstance(value, float) else value
            found.append(f"{name.replace('_', ' ')}: {shown}")
        return tuple(printable(line)[:_LONGEST_LINE] for line in found)

    @property
    def epoch(self) -> int:
        """The epoch of the training after which the file was written; 0 if it does not tell."""
        epoch = self.training.get("epoch")
        return epoch if isinstance(epoch, int) else 0

    @property
    def trained(self) -> Trained | None:
        """What to compare images with before a translation; None if the file does not tell."""
        if self.input_statistics is None:
            return None
        return Trained(self.input_scaling, self.input_statistics)

    @property
    def by_class(self) -> bool | None:
        """Whether channels of the output are classes that exclude each other (softmax); None if
        the outputs are values."""
        return None if self.palette is None else self.model.final_activation == "softmax"

    @property
    def input_to_target(self) -> Conversion | None:
        """From the inputs' normalization to that of the targets; None where they cannot be
        compared, as for label maps."""
        if self.palette is not None:
            return None
        return input_to_target(self.model, self.input_scaling, self.target_scaling)

    @classmethod
    def from_json(cls, data: Any, where: str) -> WeightsCard:
        """Make a card from JSON values.

        Raises:
            UserError: the values are not a card, or were written by a newer version.
        """
        try:
            newer = data["format"] > FORMAT
            model, palette = data["model"], data["palette"]
        except (KeyError, TypeError) as error:
            raise UserError(_damaged_card(where)) from error
        with naming_newer_version(where, data.get("program"), newer):
            return cls._of(data, model, palette, where)

    @classmethod
    def _of(cls, data: Mapping[str, Any], model: Any, palette: Any, where: str) -> WeightsCard:
        spec = fields.from_json(ModelSpec, model, where)
        statistics, measured = data.get("input_statistics"), None
        calibration = data.get("calibration")
        try:
            domain = Domain.from_json(data.get("domain"))
            if domain.known and domain.known.reference.channels != embedding_channels(spec):
                raise ValueError("embeddings of another network")
            if statistics is not None:
                measured = InputStatistics.from_json(statistics)
            return cls(
                model=spec,
                input_scaling=IntensityNormalization.from_json(data["input_scaling"]),
                target_scaling=IntensityNormalization.from_json(data["target_scaling"]),
                palette=None if palette is None else Palette.from_json(palette),
                large_images=_large_images(data.get("large_images", "resize")),
                preset=str(data["preset"]),
                training=dict(data["training"]),
                program=str(data["program"]),
                input_statistics=measured,
                reading=int(data.get("reading", 1)),  # version 2.0.0 wrote none
                calibration=None if calibration is None else Calibration.from_json(calibration),
                domain=domain,
            )
        except (UserError, KeyError, TypeError, ValueError) as error:
            raise UserError(_damaged_card(where)) from error


def _range(scaling: IntensityNormalization) -> str:
    """The file values that become 0 and 1, as text for the user."""
    if scaling.kind == "image":
        return "each image's own range"
    offset = f" (after adding {scaling.offset:g})" if scaling.offset else ""
    return f"{scaling.low:g} to {scaling.high:g}{offset}"


def _large_images(value: Any) -> str:
    if value not in ("resize", "crop"):
        raise ValueError("no way to treat larger images")
    return str(value)


def _damaged_card(where: str) -> str:
    return f"{where}: the description inside the weights file is damaged; use another file."
