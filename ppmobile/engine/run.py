"""From a config to a trained run in its folder: datasets, model, optimizer, hooks and trainer put together."""

import json
import math
import signal
import time
from contextlib import contextmanager
from pathlib import Path

import paddle

from ..config import dump, located, to_dict
from ..data.loader import Loader
from ..doctor import examine
from ..errors import CheckpointError, ConfigError, DataError, PPMobileError
from ..files import explain_os_errors, write_json, write_text
from ..metrics import METRICS
from ..models.build import build_model
from ..transforms import BatchCompose, Compose
from ..zoo import load_official, resolve
from . import checkpoint as checkpoints
from . import hooks as h
from . import logs, parallel
from .datasets import open_split, prepare
from .evaluate import Evaluate
from .optim import build_optimizer, freeze_bn
from .saving import Save, resume
from .schedule import SCHEDULES
from .trainer import Amp, Trainer


def train(config, resume_from=None, overwrite=False, command="called from Python"):
    """Train what `config` describes and return the Trainer; results lie in `config.output`.

    resume_from: a checkpoint or run folder to go on from. overwrite: replace a run that lies there already.
    command: how the user called it, for the run's record.
    Ctrl-C saves to the batch; `trainer.stop` then says "interrupted".
    """
    folder = Path(config.output)
    start_from = checkpoints.load(last(resume_from)) if resume_from else None
    count = parallel.wanted(config.train.processes, config.train.batch_size)
    if parallel.rank() == 0:
        claim(folder, config, resume_from, overwrite)
        write_record(folder, command, count)
    spawn_others(count, folder, resume_from)
    parallel.start()
    try:
        trainer = assemble(config, folder)
    except ConfigError as error:  # what only a part itself, or the data, can judge: add the file that said so
        raise located(error, config.origins, config.file) from error
    if start_from:
        same_classes(start_from.meta["classes"], trainer.loader.dataset.classes, start_from.path, "the training data")
        resume(trainer, start_from)
        say(f"going on at epoch {trainer.epoch + 1}, batch {trainer.batch + 1} from {start_from.path}")
    with ctrl_c(trainer):
        trainer.fit(config.train.epochs)
    return trainer


def spawn_others(count, folder, resume_from):
    """Start the other processes from the config that was just saved."""
    arguments = ["train", "-c", str(folder / "config.yml"), *(["--resume", str(resume_from)] if resume_from else [])]
    parallel.spawn(count, arguments, folder / "processes")


def claim(folder, config, resume_from, overwrite):
    """Make the run's folder and save the resolved config; a run that lies there is not overwritten by accident."""
    old = [p for p in (folder / "last.safetensors", folder / "best.safetensors") if p.exists()]
    if old and not overwrite and not resume_from:
        raise PPMobileError(f"{folder}: holds a run already; go on with --resume, replace it with --overwrite, or "
                            "choose another folder with -o output=FOLDER")
    with explain_os_errors(folder / "config.yml"):
        folder.mkdir(parents=True, exist_ok=True)
        if not resume_from:
            for path in [*old, folder / "metrics.csv", folder / "run.json", *folder.glob("epoch_*.safetensors")]:
                path.unlink(missing_ok=True)
    write_text(folder / "config.yml", dump(config))


def write_record(folder, command, processes):
    """run.json: how, when and on what the run was started; a resume adds an entry."""
    path, machine = folder / "run.json", examine()
    starts = json.loads(path.read_text(encoding="utf-8"))["starts"] if path.is_file() else []
    starts.append({"command": command, "date": time.strftime("%Y-%m-%d %H:%M"), "processes": processes,
                   "cpu": machine.cpu, "cores": machine.cores, "python": ".".join(map(str, machine.python)),
                   "versions": {k: machine.versions.get(k) for k in ("paddlepaddle", "numpy")}})
    write_json(path, {"starts": starts})


def assemble(config, folder):
    """The Trainer of a config, weights fresh or pretrained, ready to fit or to resume."""
    paddle.seed(config.seed)
    train_set, val_set = prepare(config)
    model = build_model(vars(config.model), config.task, len(train_set.classes))
    if config.model.pretrained:
        if parallel.rank() == 0:  # the first process downloads, the others find the file
            resolve(config.model.pretrained, config.model.backbone)
        parallel.barrier()
        say(load_official(model, resolve(config.model.pretrained, config.model.backbone)))
    loader = training_loader(config, train_set)
    model.train()
    freeze_bn(model, config.train.freeze_bn)
    optimizer = build_optimizer(model, config.train.optimizer, config.train.groups)
    amp = Amp(config.train.amp)
    if config.train.amp != amp.mode:
        say(f"train.amp: {config.train.amp} needs a GPU; training in fp32")
    about = {"config": to_dict(config), "classes": list(train_set.classes)}
    hooks = build_hooks(config, folder, loader, val_set, about)
    hooks = [h.LossScale(amp.scaler), *hooks] if amp.scaler else hooks
    return Trainer(model, optimizer, loader, hooks, config.train.accumulate, config.seed, amp)


def training_loader(config, dataset):
    """The shuffled Loader of this process."""
    world = parallel.world()
    size = config.train.batch_size
    if size % world:
        raise ConfigError(f"train.batch_size: {size} cannot be split over {world} processes; choose a multiple")
    if len(dataset) < 2 * world:
        raise DataError(f"data.train: {len(dataset)} pictures are too few for {world} training process(es): each needs "
                        "2 in a batch; add pictures, or set train.processes to 1")
    transforms = Compose(config.transforms.train, "transforms.train")
    batch = [BatchCompose(config.transforms.batch)] if config.transforms.batch else []
    return Loader(dataset, transforms, size, batch, config.seed, True, config.data.workers, parallel.rank(), world)


def eval_loader(config, dataset):
    """The Loader that evaluation uses: in order, the eval transforms."""
    return Loader(dataset, Compose(config.transforms.eval, "transforms.eval"), config.eval.batch_size,
                  workers=config.data.workers, rank=parallel.rank(), world=parallel.world())


def build_hooks(config, folder, loader, val_set, about):
    """All hooks of a run, in the order of their calls."""
    train, first = config.train, parallel.rank() == 0
    steps = math.ceil(len(loader) / train.accumulate)
    peak = scaled_rate(train)
    schedule = SCHEDULES.build(train.schedule, "train.schedule")
    hooks = [logs.Meter(), h.NanGuard(), h.FreezeBn(train.freeze_bn),
             h.LrSchedule(schedule, peak, steps, train.epochs, train.warmup_epochs)]
    hooks += [h.ClipGradient(train.clip_norm)] if train.clip_norm else []
    hooks += [h.Ema(train.ema_decay)] if train.ema_decay else []
    hooks += [h.MeanStatistics()] if parallel.world() > 1 else []
    if val_set is not None:
        classes = about["classes"]
        hooks.append(Evaluate(eval_loader(config, val_set), lambda: METRICS.build(config.eval.metric, classes=classes),
                              train.eval_every, train.epochs))
    if first:
        table = folder / "metrics.csv"
        hooks += [logs.Progress(train.epochs), logs.CsvLog(table), logs.Curves(table, folder / "curves.png")]
        if train.visualdl and logs.VisualDl.installed():
            hooks.append(logs.VisualDl(folder / "visualdl"))
    hooks += [h.EarlyStop(train.early_stop)] if train.early_stop else []
    return [*hooks, Save(folder, about, train.save_every, train.save_steps)]


def scaled_rate(train):
    """The peak learning rate for the real number of pictures a step; printed, since it is what trains."""
    images = train.batch_size * train.accumulate
    peak = train.lr * images / train.lr_per_images
    say(f"learning rate {peak:.6g}: train.lr {train.lr:g} is meant for {train.lr_per_images} pictures a step, "
        f"here a step has {images} (batch {train.batch_size} x accumulate {train.accumulate})")
    return peak


def restore(weights, config=None):
    """(model in eval mode, config, classes, checkpoint) of a run folder or checkpoint file.

    config: what to use instead of the config saved with the run. The pretrained weights are not looked for.
    """
    from ..config import from_tree

    saved = checkpoints.load(weights)
    if config is None:
        config = from_tree(saved.meta["config"], {}, Path(weights).name)
    model = build_model(vars(config.model), config.task, len(saved.meta["classes"]))
    checkpoints.load_weights(model, saved.weights(), saved.path)
    model.eval()
    return model, config, saved.meta["classes"], saved


def open_eval(config, split, classes, source):
    """The dataset of a split, with the classes that the checkpoint `source` was trained on."""
    dataset = open_split(config, split)
    same_classes(classes, dataset.classes, source, f"data.{split}")
    return dataset


def same_classes(trained, found, source, what):
    """CheckpointError unless both lists of class names are equal."""
    trained, found = list(trained), list(found)
    if trained != found:
        first = next((i for i, (a, b) in enumerate(zip(trained, found)) if a != b), min(len(trained), len(found)))
        raise CheckpointError(f"{source}: was trained on {len(trained)} classes, {what} has {len(found)}; the first "
                              f"difference is class {first}: {trained[first:first + 1]} against "
                              f"{found[first:first + 1]}. Use the data it was trained on, or train again")


def last(path):
    """The file to resume from: a folder's last checkpoint (not its best), or the file itself."""
    path = Path(path)
    if path.is_dir() and not (path / "last.safetensors").is_file():
        raise CheckpointError(f"{path}: no last.safetensors to go on from; has this run saved anything yet?")
    return path / "last.safetensors" if path.is_dir() else path


@contextmanager
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
