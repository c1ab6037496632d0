"""What fine-tuning is told."""

from dataclasses import dataclass, field

from dance_core.devices import PRECISIONS
from dance_core.networks.clip_frames import SAMPLINGS


@dataclass(frozen=True)
class AugmentationSettings:
    """How a training clip is changed before the network sees it; every change is alike in all of its frames.

    Attributes:
        crop_scale: Smallest and largest share of the picture that a random crop covers.
        flip: Whether half of the clips are mirrored; not where classes differ in left and right.
        operations: Random changes of colour or shape tried on a clip, each made with probability 0.5.
        magnitude: Their strength, from 0 to 10.
        erasing: Probability that a random box is filled with noise.
        mixup: Parameter of the beta distribution by which two clips are blended; 0 for never.
        cutmix: Parameter of the beta distribution by which a box is swapped between two clips; 0 for never.
    """

    crop_scale: tuple[float, float] = (0.08, 1.0)
    flip: bool = True
    operations: int = 4
    magnitude: float = 7.0
    erasing: float = 0.25
    mixup: float = 0.8
    cutmix: float = 1.0


@dataclass(frozen=True)
class FinetuneSettings:
    """Settings of fine-tuning; the defaults are the recipe of VideoMAE, but for epochs, patience and batch_size.

    Attributes:
        model: A local folder or a hub id to start from; "" starts from nothing.
        revision: Commit of the hub id.
        architecture: Size of the VideoMAE that starts from nothing: tiny, small or base.
        frames: Frames that the network sees of a clip.
        sampling: "segment" (a random frame of each of equal segments) or "dense" (every few frames, from a random one).
        stride: dense: distance of two frames.
        epochs: Times that every train clip is seen, at most.
        warmup_epochs: Epochs in which the learning rate rises.
        patience: Epochs without a gain on val after which training ends; None for never.
        batch_size: Clips in a step of the optimiser, over all processes.
        repeats: Differently augmented versions of each clip in a step.
        learning_rate: Highest rate for a batch of 256 clips; it is scaled to the batch size.
        minimum_learning_rate: Rate at the start and the end, whatever the batch size.
        layer_decay: Factor of the rate from each layer to the one below it.
        weight_decay: Of all weights but biases, norms and position embeddings.
        maximum_gradient_norm: Longer gradients are shortened to it; None for never.
        label_smoothing: Share of the target that is spread over all classes.
        drop_path: Probability that the deepest layer's branches are left out for a clip; less below, 0 in the first.
        ema_decay: Decay of an average of the weights over steps, which then is judged and kept; None for none.
        augmentation: How train clips are changed.
        seed: Seed of everything that is drawn.
        device: "auto", "cpu", "cuda" or "mps".
        precision: "float32", "float16" or "bfloat16" on a GPU; a CPU always computes in float32.
        accumulation: Parts that each process cuts its share of a batch into, to save memory.
        checkpoint_minutes: Minutes between checkpoints within an epoch; one is written after each epoch as well.
        decoder: Name of the video decoder.

    Raises:
        ValueError: A setting is unknown or out of bounds.

    Source:
        Tong et al. 2022 (VideoMAE), fine-tuning on Something-Something V2 and UCF-101.
    """

    model: str = ""
    revision: str = ""
    architecture: str = "tiny"
    frames: int = 16
    sampling: str = "segment"
    stride: int = 4
    epochs: int = 50
    warmup_epochs: float = 5.0
    patience: int | None = 10
    batch_size: int = 16
    repeats: int = 2
    learning_rate: float = 5e-4
    minimum_learning_rate: float = 1e-6
    layer_decay: float = 0.75
    weight_decay: float = 0.05
    maximum_gradient_norm: float | None = None
    label_smoothing: float = 0.1
    drop_path: float = 0.1
    ema_decay: float | None = None
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)
    seed: int = 0
    device: str = "auto"
    precision: str = "bfloat16"
    accumulation: int = 1
    checkpoint_minutes: float = 10.0
    decoder: str = "pyav"

    def __post_init__(self) -> None:
        for name, choices in (("sampling", SAMPLINGS), ("precision", PRECISIONS)):
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"finetuning: {name} '{getattr(self, name)}' is unknown; use one of: {', '.join(choices)}"
                )
        for name in ("frames", "stride", "epochs", "batch_size", "repeats", "accumulation"):
            if getattr(self, name) < 1:
                raise ValueError(f"finetuning: {name} is {getattr(self, name)}; give at least 1")
        if not 0 <= self.drop_path < 1:
            raise ValueError(f"finetuning: drop_path is {self.drop_path}; give a probability from 0 to below 1")

    @property
    def peak_learning_rate(self) -> float:
        """Highest learning rate, scaled to the batch size (Goyal et al. 2017)."""
        return self.learning_rate * self.batch_size / 256
