"""What a config may say: one dataclass a section, each key with its meaning, unit, default and range."""

from dataclasses import MISSING, dataclass, field
from typing import Dict, List, Optional

# what a task takes where the config names no part
DEFAULT_PARTS = {
    "classify": {"head": "ClassifyHead", "metric": "TopK"},
    "detect": {"head": "YOLOv3Head", "metric": "CocoMap"},
}
# what other programs call our keys, and what the answer to an unknown key of that name says
ALSO_CALLED = {
    **dict.fromkeys(("weights", "pretrained_model", "checkpoint", "checkpoints"), " Did you mean 'model.pretrained'?"),
    **dict.fromkeys(("learning_rate", "base_lr"), " Did you mean 'train.lr'?"),
    **dict.fromkeys(("num_epochs", "max_epochs", "epoch_num"), " Did you mean 'train.epochs'?"),
    **dict.fromkeys(("momentum", "weight_decay"), " It is an option of 'train.optimizer'."),
    **dict.fromkeys(("num_workers", "worker_num"), " Did you mean 'data.workers'?"),
    **dict.fromkeys(("output_dir", "save_dir"), " Did you mean 'output'?"),
    **dict.fromkeys(("num_classes", "class_num", "classes"), " The class count comes from the data set, remove it."),
    "_BASE_": " It belongs at the top of a file.",
    "Arch": " Did you mean 'model'?",
    "DataLoader": " Did you mean 'data'?",
}
Part = Dict[str, object]  # {name: NAME, option: value}; the kind of part is in the key's metadata


def key(default, meaning, **limits):
    """A config key: default, meaning with unit, and limits (low, high, above, below, choices, or a part's kind).

    A key without a default (MISSING) has an `example`, for the message on a config that lacks it.
    """
    metadata = {"meaning": meaning, **limits}
    if default is MISSING:
        return field(metadata=metadata)
    if isinstance(default, (dict, list)):
        return field(default_factory=lambda: type(default)(default), metadata=metadata)
    if isinstance(default, type):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass
class Model:
    """The net: backbone, optional neck, head. Class count and channels are never written here."""

    backbone: Part = key(MISSING, "the net that turns a picture into feature maps", kind="backbone",
                         example="{name: PPLCNet}")
    neck: Optional[Part] = key(None, "what fuses feature maps between backbone and head", kind="neck")
    head: Part = key({}, "what turns features into answers; the task's usual head if no name is given", kind="head")
    pretrained: Optional[str] = key(
        None, "start weights: imagenet, ssld, or a .pdparams / .npz / .safetensors file with official or own keys")


@dataclass
class Data:
    """Where the pictures and labels are."""

    train: Part = key(MISSING, "reader of the pictures to train on", kind="reader",
                      example="{name: ImageFolder, root: FOLDER}")
    val: Optional[Part] = key(None, "reader of the pictures that choose the best checkpoint", kind="reader")
    test: Optional[Part] = key(None, "reader of the pictures for the last word; never looked at while training",
                               kind="reader")
    workers: int = key(0, "processes that load pictures beside each training process; 0 loads in the training process",
                       low=0)
    max_bad: int = key(0, "how many unreadable pictures may be skipped (and counted) before training refuses", low=0)
    check: bool = key(True, "scan all files before training; unchanged files are remembered")


@dataclass
class Transforms:
    """What happens to a picture before the net sees it."""

    train: List[Part] = key([], "steps for training, in order", kind="transform")
    eval: List[Part] = key([], "steps for evaluation and, exactly these, for deployment", kind="transform")
    batch: List[Part] = key([], "steps on a whole training batch: Mixup, CutMix", kind="batch transform")


@dataclass
class Group:
    """Parameters that learn differently, by layer path."""

    match: str = key(MISSING, "shell pattern of layer paths, as in backbone.* ; the first group that matches counts",
                     example="backbone.*")
    lr: float = key(1.0, "multiplies the learning rate; 0 freezes", low=0)
    decay: float = key(1.0, "multiplies the weight decay", low=0)


@dataclass
class Train:
    """How the net learns."""

    epochs: int = key(100, "passes over the training pictures", low=1)
    batch_size: int = key(32, "pictures in one batch, over all processes together", low=1)
    accumulate: int = key(1, "batches whose gradients are added before a step", low=1)
    lr: float = key(0.01, "peak learning rate for lr_per_images pictures a step", above=0)
    lr_per_images: int = key(256, "the pictures a step that lr is meant for; the real number rescales it", low=1)
    optimizer: Part = key({"name": "Momentum"}, "how gradients become steps", kind="optimizer")
    schedule: Part = key({"name": "Cosine"}, "how the learning rate changes", kind="schedule")
    warmup_epochs: float = key(0.0, "epochs in which the learning rate climbs from 0 in a line", low=0)
    groups: List[Group] = key([], "parameters with their own learning rate and decay, by layer path")
    freeze_bn: List[str] = key([], "shell patterns of layer paths whose BN keeps its statistics and weights")
    clip_norm: float = key(0.0, "largest global gradient norm; 0 = no clipping", low=0)
    ema_decay: float = key(0.0, "decay of the moving average of the weights, per step; 0 = no average", low=0, below=1)
    amp: str = key("off", "automatic mixed precision on a GPU; on a CPU training stays in fp32",
                   choices=("off", "fp16", "bf16"))
    early_stop: int = key(0, "stop after so many evaluations without a better result; 0 = never", low=0)
    eval_every: int = key(1, "epochs between evaluations", low=1)
    save_every: int = key(0, "keep a checkpoint every so many epochs, beside last and best; 0 = none", low=0)
    save_steps: int = key(0, "also write the last checkpoint every so many steps inside an epoch; 0 = never", low=0)
    processes: str = key("1", "data-parallel processes: a number, or auto for one a core on a CPU machine",
                         count=True)
    visualdl: bool = key(True, "also log for VisualDL, when it is installed")


@dataclass
class Eval:
    """How results are measured."""

    metric: Part = key({}, "the measure; the task's usual one if no name is given", kind="metric")
    batch_size: int = key(64, "pictures in one evaluation batch", low=1)
    worst: int = key(24, "how many of the worst mistakes are drawn; 0 = none", low=0, high=400)


@dataclass
class Budget:
    """What a net may cost (`ppmobile slim budget`)."""

    ms: float = key(MISSING, "milliseconds that one picture may take", above=0, example="12")
    runtime: str = key("paddle-fp32", "runtime that is timed, by `ppmobile bench`'s names")
    threads: int = key(1, "threads that it uses", low=1)
    max_drop: float = key(0.01, "what the metric may lose against the start; 0.01 is a point", low=0, high=1)


@dataclass
class Slim:
    """How a trained net is made smaller and faster, step by step."""

    start: Optional[str] = key(None, "run folder or checkpoint whose net the first step takes; without one, the net of "
                                     "`model` is trained first")
    steps: List[Part] = key([], "what is done to the net, in order", kind="slim step")
    runtimes: List[str] = key(["paddle-fp32"], "runtimes whose time the report measures, by `ppmobile bench`'s names")
    threads: int = key(1, "threads that those runtimes use", low=1)
    runs: int = key(100, "how often each is run to time it", low=10)
    split: str = key("val", "pictures that measure each step; the first net and the one to take are also measured on "
                            "data.test",
                     choices=("train", "val", "test"))
    max_drop: float = key(0.01, "what the metric may lose against the start before a step does not pay; 0.01 is a "
                                "point", low=0, high=1)
    budget: Optional[Budget] = key(None, Budget.__doc__)
    undo: bool = key(False, "begin a step with the net of the last one that paid, instead of the former one's")


@dataclass
class Config:
    """A whole config file."""

    task: str = key(MISSING, "what is learned", choices=("classify", "detect"), example="classify")
    model: Model = key(MISSING, Model.__doc__, example="{backbone: {name: PPLCNet}}")
    data: Optional[Data] = key(None, Data.__doc__)
    transforms: Transforms = key(Transforms, Transforms.__doc__)
    train: Train = key(Train, Train.__doc__)
    eval: Eval = key(Eval, Eval.__doc__)
    slim: Optional[Slim] = key(None, Slim.__doc__)
    seed: int = key(0, "start of all randomness: weights, order, augmentation", low=0, high=2**31 - 1)
    output: str = key("runs/{name}", "folder of the run; {name} is the config file's name")
