"""From a config to a trained run in its folder: datasets, model, optimizer, hooks and trainer put together."""

import contextlib
import functools
import io
import math
import signal
import tempfile
from pathlib import Path

import paddle

from ..config import dump, located, to_dict
from ..data.loader import Loader
from ..errors import CheckpointError, ConfigError, DataError, PPMobileError
from ..files import write_json, write_text
from ..metrics import METRICS
from ..mkl import unlock
from ..models.build import build_model
from ..models.structure import rebuild
from ..slim.steps import Context
from ..transforms import BatchCompose, Compose
from . import checkpoint as checkpoints
from . import hooks as h
from . import launch, logs, parallel
from .datasets import open_split, prepare, require_boxes, scanned
from .evaluate import Evaluate
from .folder import check_free, claim
from .optim import build_optimizer, freeze_bn
from .saving import Save, resume
from .schedule import SCHEDULES
from .start import load_start, same_classes, slim_step
from .trainer import Amp, Trainer


def train(config, resume_from=None, overwrite=False, command="called from Python"):
    """Train what `config` describes and return the Trainer; results lie in `config.output`.

    resume_from: a checkpoint or run folder to go on from. overwrite: replace a run that lies there already.
    command: how the user called it, for the run's record. Nothing in the folder changes before the training can start.
    Ctrl-C saves to the batch; `trainer.stop` then says "interrupted".
    """
    count = process_count(config)
    if count > 1 and parallel.world() == 1:
        return train_in_processes_and_load(config, count, resume_from, overwrite, command)
    launch.follow_parent()
    parallel.start()
    folder = Path(config.output)
    start_from = checkpoints.load(last(resume_from)) if resume_from else None
    if parallel.rank() == 0 and not resume_from:
        check_free(folder, overwrite)
    trainer = ready(config, folder, start_from)
    if parallel.rank() == 0:
        claim(folder, config, resume_from, command, parallel.world())
    with ctrl_c(trainer):
        trainer.fit(config.train.epochs)
    return trainer


def process_count(config):
    """How many processes this training takes; ConfigError with the file if that is impossible."""
    with located_errors(config):
        return max(parallel.world(), parallel.wanted(config.train.processes, config.train.batch_size))


def train_in_processes(config, count, resume_from=None, overwrite=False, command="called from Python"):
    """Train in `count` new processes; returns the exit status: 0, 2 after an error, 130 after Ctrl-C.

    The errors are told on the terminal.
    """
    with tempfile.TemporaryDirectory(prefix="ppmobile-") as folder:
        file = Path(folder, "config.yml")
        write_text(file, dump(config))
        started = {"command": command, "origins": config.origins, "file": config.file}
        write_json(Path(folder, "started.json"), started)
        arguments = ["train", "-c", str(file), "--started", str(Path(folder, "started.json"))]
        arguments += ["--resume", str(resume_from)] if resume_from else ["--overwrite"] if overwrite else []
        return launch.supervise(count, arguments)


def train_in_processes_and_load(config, count, resume_from, overwrite, command):
    """`train_in_processes`, and then the Trainer of its last checkpoint in this process."""
    status = train_in_processes(config, count, resume_from, overwrite, command)
    if status not in (0, 130):
        raise PPMobileError(f"training in {count} processes failed; the reason stands above")
    folder = Path(config.output)
    with contextlib.redirect_stdout(io.StringIO()):  # the first process has said all that already
        trainer = ready(config, folder, checkpoints.load(last(folder)))
    trainer.stop = "interrupted" if status == 130 else ""
    return trainer


def ready(config, folder, start_from=None):
    """The Trainer of a config, put where the Checkpoint `start_from` was captured; what it needs is tried once."""
    with located_errors(config):
        trainer = assemble(config, folder, start_from)
        if start_from:
            found = trainer.loader.dataset.classes
            same_classes(start_from.meta["classes"], found, start_from.path, "the training data")
            resume(trainer, start_from)
            say(f"going on at epoch {trainer.epoch + 1}, batch {trainer.batch + 1} from {start_from.path}"
                if trainer.epoch < config.train.epochs else
                f"{start_from.path}: all {config.train.epochs} epochs are done; raise train.epochs to train more")
    return trainer


@contextlib.contextmanager
def located_errors(config):
    """Add the file that set a value to a ConfigError that only a part itself, or the data, can raise."""
    try:
        yield
    except ConfigError as error:
        raise located(error, config.origins, config.file) from error


def assemble(config, folder, start_from=None, pretrained=True):
    """The Trainer of a config, ready to fit, or for a resume from the Checkpoint `start_from`.

    pretrained: load model.pretrained; a resume needs it not.
    """
    unlock()
    paddle.seed(config.seed)
    train_set, val_set = prepare(config)
    model = build_model(vars(config.model), config.task, len(train_set.classes))
    step, context = slim_step(config), Context(config, list(train_set.classes), folder, say)
    if start_from is not None:
        rebuild(model, start_from.structure, start_from.path)
    elif pretrained:
        load_start(model, config, train_set.classes, say)
        step.apply(model, context)
    loader = training_loader(config, train_set)
    loader.probe()
    if val_set is not None:
        eval_loader(config, val_set).probe()
    model.train()
    freeze_bn(model, config.train.freeze_bn)
    optimizer = build_optimizer(model, config.train.optimizer, config.train.groups)
    amp = Amp(config.train.amp)
    if config.train.amp != amp.mode:
        say(f"train.amp: {config.train.amp} needs a GPU; training in fp32")
    about = {"config": to_dict(config), "classes": list(train_set.classes)}
    hooks = build_hooks(config, folder, loader, val_set, about, step.hooks(model, context))
    hooks = [h.LossScale(amp.scaler), *hooks] if amp.scaler else hooks
    objective = step.objective(model, context)
    return Trainer(model, optimizer, loader, hooks, config.train.accumulate, config.seed, amp, objective)


def training_loader(config, dataset):
    """The shuffled Loader of this process."""
    world = parallel.world()
    size = config.train.batch_size
    if parallel.refused(world, size):
        raise ConfigError(parallel.refused(world, size))
    if size == 1:
        say("train.batch_size 1: batch norm learns little from single pictures; 8 or more is usual")
    if len(dataset) < 2 * world:
        raise DataError(f"data.train: {len(dataset)} pictures are too few for {world} training process(es): each needs "
                        "2 in a batch; add pictures, or set train.processes to 1")
    transforms = Compose(config.transforms.train, "transforms.train")
    batch = [BatchCompose(config.transforms.batch)] if config.transforms.batch else []
    return Loader(dataset, transforms, size, batch, config.seed, True, config.data.workers, parallel.rank(), world,
                  config.task)


def eval_loader(config, dataset):
    """The Loader that evaluation uses: in order, the eval transforms."""
    return Loader(dataset, Compose(config.transforms.eval, "transforms.eval"), config.eval.batch_size,
                  workers=config.data.workers, rank=parallel.rank(), world=parallel.world(), task=config.task)


def build_hooks(config, folder, loader, val_set, about, extra=()):
    """All hooks of a run, in the order of their calls; `extra` ones see gradients as they come, not clipped."""
    train, first = config.train, parallel.rank() == 0
    steps = math.ceil(len(loader) / train.accumulate)
    peak = scaled_rate(train, len(loader.dataset))
    schedule = SCHEDULES.build(train.schedule, "train.schedule")
    hooks = [logs.Meter(), h.NanGuard(), h.FreezeBn(train.freeze_bn), h.TellEpoch(),
             h.LrSchedule(schedule, peak, steps, train.epochs, train.warmup_epochs)]
    hooks += extra
    hooks += [h.ClipGradient(train.clip_norm)] if train.clip_norm else []
    hooks += [h.Ema(train.ema_decay)] if train.ema_decay else []
    hooks += [h.MeanStatistics()] if parallel.world() > 1 else []
    if val_set is not None:
        new_metric = functools.partial(METRICS.build, config.eval.metric, "eval.metric", classes=about["classes"],
                                       dataset=val_set)
        new_metric()  # options that the metric refuses are found now, not after the first epoch
        hooks.append(Evaluate(eval_loader(config, val_set), new_metric, train.eval_every, train.epochs))
    if first:
        table = folder / "metrics.csv"
        hooks += [logs.Progress(train.epochs), logs.CsvLog(table), logs.Curves(table, folder / "curves.png")]
        if train.visualdl and logs.VisualDl.installed():
            hooks.append(logs.VisualDl(folder / "visualdl"))
    hooks += [h.EarlyStop(train.early_stop)] if train.early_stop else []
    return [*hooks, Save(folder, about, train.save_every, train.save_steps)]


def scaled_rate(train, pictures):
    """The peak learning rate for the real number of pictures a step; printed with what else decides the speed."""
    images = min(train.batch_size * train.accumulate, pictures)
    peak = train.lr * images / train.lr_per_images
    rescaled = "" if images == train.lr_per_images else f" (train.lr {train.lr:g} is for {train.lr_per_images})"
    say(f"{pictures} pictures, {images} a step, {parallel.world()} process(es), learning rate {peak:.6g}{rescaled}")
    return peak


def restore(weights, config=None):
    """(model in eval mode, config, classes, checkpoint) of a run folder or checkpoint file.

    config: what to use instead of the config saved with the run. The pretrained weights are not looked for.
    """
    from ..config import from_tree

    unlock()
    saved = checkpoints.load(weights)
    if config is None:
        config = from_tree(saved.meta["config"], {}, Path(weights).name)
    model = build_model(vars(config.model), config.task, len(saved.meta["classes"]))
    rebuild(model, saved.structure, saved.path)
    checkpoints.load_weights(model, saved.weights(), saved.path)
    model.eval()
    return model, config, saved.meta["classes"], saved


def open_eval(config, split, classes, source):
    """The dataset of a split, with the classes that the checkpoint `source` was trained on."""
    dataset = scanned(config, open_split(config, split), split)
    require_boxes(dataset, split)
    same = sorted(dataset.classes) == sorted(classes)
    if hasattr(dataset, "align") and (same or dataset.found and set(dataset.classes) < set(classes)):
        dataset.align(classes)  # the ids of this file may be others than those of training
    same_classes(classes, dataset.classes, source, f"data.{split}")
    return dataset


def last(path):
    """The file to resume from: a folder's last checkpoint (not its best), or the file itself."""
    path = Path(path)
    if path.is_dir() and not (path / "last.safetensors").is_file():
        raise CheckpointError(f"{path}: no last.safetensors to go on from; has this run saved anything yet?")
    return path / "last.safetensors" if path.is_dir() else path


@contextlib.contextmanager
def ctrl_c(trainer):
    """Inside, the first Ctrl-C asks the trainer to stop after the batch; a second one breaks off."""
    def ask(number, frame):
        trainer.stop_request = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        say("stopping after this batch; Ctrl-C again breaks off without saving")

    try:
        old = signal.signal(signal.SIGINT, ask)
    except ValueError:  # not in the main thread (some notebooks): Ctrl-C keeps its usual meaning
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, old)


def say(text):
    """Print a line, from the first process only."""
    if parallel.rank() == 0:
        print(text, flush=True)
