"""The choice of optimizer, loss and metrics, and the course of a training."""

from __future__ import annotations

from dataclasses import dataclass

from deepimagetranslator.core.config.fields import choice, flag, names, number

LOSSES = (
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
    "mse",
    "mae",
    "dice",
    "dice_crossentropy",
    "ssim_mae",
)
CATEGORICAL_LOSSES = ("categorical_crossentropy", "sparse_categorical_crossentropy")
VALUE_LOSSES = ("mse", "mae", "ssim_mae")
METRICS = (*LOSSES, "psnr", "ssim", "dice_score", "iou")
OPTIMIZERS = ("muon", "adam", "adamw", "rmsprop", "sgd", "adagrad", "adadelta")
PRECISIONS = ("automatic", "float32", "bfloat16", "float16")


@dataclass(frozen=True)
class TrainingSpec:
    """Optimizer, loss and everything else about the training."""

    epochs: int = number(100, 1, 100_000, "Epochs", "Passes over all training images.")
    steps_per_epoch: int = number(
        0,
        0,
        1_000_000,
        "Steps per epoch",
        "0: as many as show each training image once. With another number sets of any size are "
        "trained equally long; the images are still shown equally often.",
        "steps",
    )
    batch_size: int = number(1, 1, 4096, "Batch size", "Images per training step.", "images")
    optimizer: str = choice(
        "muon",
        OPTIMIZERS,
        "Optimizer",
        "The rule that updates the weights. Muon needs far fewer steps than the others, each 1.06 "
        "times as long as Adam's; Adam is the classic choice.",
    )
    learning_rate: float = number(
        0.003,
        1e-8,
        10.0,
        "Learning rate",
        "The step size of the updates. 0.003 suits Muon, and Adam and AdamW with normalization and "
        "warm-up (0.001 without). RMSprop needs about 0.001, SGD and Adagrad 0.01 to 0.1, "
        "Adadelta 1.",
    )
    schedule: str = choice(
        "cosine",
        ("constant", "cosine"),
        "Learning-rate schedule",
        "Cosine decays the learning rate smoothly to zero over all epochs.",
    )
    warmup: int = number(
        20,
        0,
        1_000_000,
        "Warm-up",
        "With cosine: the learning rate first rises linearly over this many steps (at most a fifth "
        "of all), which stabilizes a high one.",
        "steps",
    )
    averaging: float = number(
        0.0,
        0.0,
        0.5,
        "Weight averaging",
        "Validate and keep a moving average of the weights, whose mean age is this share of the "
        "steps so far (0.1: mostly the last fifth of them). 0: the weights of the last step.",
        "share of the steps",
    )
    loss: str = choice(
        "dice_crossentropy",
        LOSSES,
        "Loss",
        "The function that training minimizes: cross-entropy or Dice for label maps and masks, "
        "mae, mse or ssim_mae for other images.",
    )
    metrics: tuple[str, ...] = names(
        ("mse", "dice_score"),
        METRICS,
        "Metrics",
        "Computed in each epoch and shown; they do not influence the training. The Dice score of "
        "each class suits label maps.",
    )
    precision: str = choice(
        "automatic",
        PRECISIONS,
        "Precision",
        "Automatic: bfloat16 where the processor has it, float16 on a GPU, else float32. Weights "
        "and the last layer are always float32.",
    )
    seed: int = number(
        1, 0, 2**31 - 1, "Seed", "The same seed gives the same start, order and augmentation."
    )
    keep_best: int = number(
        5,
        0,
        100_000,
        "Checkpoints to keep",
        "How many weights-improvement files to keep besides the best and the last; 0 keeps all.",
    )
    early_stopping: int = number(
        0,
        0,
        100_000,
        "Early stopping",
        "Stop after this many epochs without a lower monitored metric; 0 never does.",
        "epochs",
    )
    judge: str = choice(
        "val_loss",
        ("val_loss", "val_total_loss"),
        "Select best by",
        "The monitored metric, the lower the better: val_loss is the loss of the final output, "
        "val_total_loss includes the output of deep supervision, as in 2021.",
    )
    recognize_unlike: bool = flag(
        False,
        "Recognize unlike images",
        "At the end, find out with changed validation images which images the network suits, so "
        "that a translation marks others, such as noisier ones or those of another scanner. This "
        "takes about a twentieth of the training's time.",
    )
