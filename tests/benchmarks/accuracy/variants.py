"""The variants that the protocol compares: settings on top of what a user gets."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sets import FULL_SIZE, KERNELS, KINDS, MEMBRANES, NOISE, SIZE, TISSUE

BASELINE = "baseline"
STEPS = 600

_FOR_NOISE = (
    "augmentation.noise_input=true",
    "augmentation.noise_validation=true",
    "augmentation.noise=0.5",
)


@dataclass(frozen=True)
class Variant:
    """What is tried.

    Attributes:
        name: also that of its CSV file.
        settings: fields that differ, each SECTION.FIELD=VALUE.
        kinds: the kinds of sets that it concerns.
        preset: the preset below the settings.
        seeds: of the trainings.
        longer: a multiple of the baseline's time; 1 compares at equal time.
        full_size: measured on the membranes at 512 x 512 instead.
        size: height and width of the images in pixels.
        steps: as many of the baseline's are the time of a training.
        beside: the variant that it is compared with.
        timed: whether the time of a step is measured. If not, it counts as the baseline's: for
            augmentation, which the steps hide, and for what costs a step under 2 %.
    """

    name: str
    settings: tuple[str, ...] = ()
    kinds: tuple[str, ...] = KINDS
    preset: str = "recommended"
    seeds: tuple[int, ...] = (1, 2)
    longer: float = 1.0
    full_size: bool = False
    size: int = SIZE
    steps: int = STEPS
    beside: str = BASELINE
    timed: bool = False

    def settings_for(self, kind: str) -> tuple[str, ...]:
        """The settings on a kind of set: a denoising project adds noise to its inputs."""
        return (*(_FOR_NOISE if kind == NOISE else ()), *self.settings)


_SCANNER = {"offset": 0.04, "gain": 1.05, "noise": 0.06, "blur": 1.0}
_AVERAGED = "training.averaging=0.05"
_ELASTIC = (
    "augmentation.elastic=4",
    "augmentation.elastic_input=true",
    "augmentation.elastic_target=true",
)


def _augmented(name: str, *further: str, **amounts: float) -> Variant:
    """Augmentation of tissue maps: intensities of the inputs, "stretch" of the targets too."""
    settings = [f"augmentation.{operation}={amount}" for operation, amount in amounts.items()]
    ticks = [f"augmentation.{operation}_input=true" for operation in amounts]
    if "stretch" in amounts:
        ticks.append("augmentation.stretch_target=true")
    return Variant(name, (*settings, *ticks, *further), (TISSUE, MEMBRANES))


def _confirming(one: Variant, name: str) -> Variant:
    """The same for the confirmation: 512 x 512, 800 steps."""
    return replace(
        one, name=name, kinds=(TISSUE,), size=FULL_SIZE, steps=800, beside="baseline_512"
    )


def _winner(name: str, blur: float, offset: float = 0.04) -> Variant:
    amounts = {**_SCANNER, "offset": offset, "blur": blur, "stretch": 1.25}
    decoded, faster = "data.exclusive_classes=true", "model.fused_normalization=true"
    return _augmented(name, decoded, faster, **amounts)


VARIANTS = (
    Variant(BASELINE),
    Variant("preset_2021", preset="2021", kinds=(TISSUE,), seeds=(1,), timed=True),
    _augmented("offset", offset=0.04),
    _augmented("gain", gain=1.05),
    _augmented("gamma", gamma=1.1),
    _augmented("noise", noise=0.06),
    _augmented("blur", blur=1.0),
    _augmented("low_resolution", low_resolution=2.0),
    _augmented("stretch", stretch=1.25),
    _augmented("scanner", **_SCANNER),
    _augmented("scanner_stretch", **_SCANNER, stretch=1.25),
    _augmented("scanner_stretch_averaging", _AVERAGED, **_SCANNER, stretch=1.25),
    _winner("winner", blur=1.0),
    _winner("winner_half_offset", blur=1.0, offset=0.02),
    _confirming(Variant(BASELINE), "baseline_512"),
    _confirming(_winner("winner", blur=2.0), "winner_512"),
    _confirming(_winner("winner", blur=2.0, offset=0.02), "winner_half_offset_512"),
    Variant("exclusive_classes", ("data.exclusive_classes=true",), (TISSUE,)),
    Variant("averaging_05", (_AVERAGED,)),
    Variant("averaging_10", ("training.averaging=0.1",)),
    Variant("constant", ("training.schedule=constant",)),
    Variant("constant_averaging", ("training.schedule=constant", _AVERAGED)),
    Variant(
        "residual_constant_averaging",
        ("model.residual=true", "training.schedule=constant", _AVERAGED),
        (NOISE, KERNELS),
    ),
    Variant("softmax", ("model.final_activation=softmax",), (TISSUE,)),
    Variant("residual", ("model.residual=true",), (NOISE, KERNELS)),
    Variant("residual_averaging", ("model.residual=true", _AVERAGED), (NOISE, KERNELS)),
    Variant("ssim_mae", ("training.loss=ssim_mae",), (NOISE, KERNELS), timed=True),
    Variant("mse", ("training.loss=mse",), (NOISE, KERNELS)),
    Variant("four_times_as_long", (), (NOISE, KERNELS), seeds=(1,), longer=4),
    Variant("membranes_group", ("model.normalization=group",), (MEMBRANES,), timed=True),
    Variant(
        "membranes_elastic",
        _ELASTIC,
        (MEMBRANES,),
    ),
    Variant("membranes_dropout", ("model.dropout=0.3",), (MEMBRANES,)),
    Variant("membranes_512", kinds=(MEMBRANES,), seeds=(1, 2, 3), full_size=True, steps=1200),
    Variant(
        "membranes_elastic_512",
        _ELASTIC,
        (MEMBRANES,),
        full_size=True,
        steps=1200,
        beside="membranes_512",
    ),
    Variant(
        "membranes_adamw",
        ("training.optimizer=adamw", "training.learning_rate=0.003"),
        (MEMBRANES,),
    ),
    Variant(
        "membranes_brightness_contrast",
        (
            "augmentation.brightness_input=true",
            "augmentation.contrast_input=true",
            "augmentation.noise_input=true",
        ),
        (MEMBRANES,),
    ),
)


def variant(name: str) -> Variant:
    """The variant of this name."""
    return next(one for one in VARIANTS if one.name == name)
