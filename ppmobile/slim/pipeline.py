"""A slim run: the steps of a config one after the other, each begun with the former's folder only, and measured."""

import json
import shutil
from pathlib import Path

from ..config import dump, to_dict
from ..engine import checkpoint as checkpoints
from ..engine import run as engine
from ..engine.checkpoint import Checkpoint
from ..engine.folder import write_record
from ..errors import CheckpointError, ConfigError, ExportError, PPMobileError
from ..files import explain_os_errors, write_text
from ..predict.runtimes import check_name
from . import stage as stages
from .rehearsal import rehearse
from .steps import Context, Step

TO_COME = "what is trained first"


def run(config, resume=False, overwrite=False, command="called from Python", say=print, again=""):
    """Carry out the steps of config.slim below config.output; the exit status: 0, or 130 after Ctrl-C.

    resume: keep what an earlier call finished there, and go on inside the step it was at. overwrite: make anew what
    lies there; with resume, only what other options, or another start, would have made otherwise. again: the command
    that goes on after Ctrl-C, if not `slim run --resume`. Results are measured after each step, and reported in
    slim.json, slim.csv, slim.md and slim.html.
    """
    check(config)
    with explain_os_errors(config.output):
        Path(config.output).mkdir(parents=True, exist_ok=True)
    check_folder(config, resume, overwrite)
    if overwrite or not resume:
        rehearse(config, planned(config))  # before anything is cleared for it
    if overwrite and not resume:
        clear_folder(config)
    write_text(Path(config.output) / "config.yml", dump(config))
    again = again or f"ppmobile slim run --resume {config.output}"
    works = Works(resume, overwrite, command, say)
    try:
        if carry_out(config, works, first_command(config.output, command) if resume else command):
            return 0
    except KeyboardInterrupt:  # while something was measured or cut; a training saves first
        pass
    say(f"stopped and saved; go on with: {again}")
    return 130


def carry_out(config, works, command):
    """Do the steps with Works, measure and report; False where a training was interrupted."""
    from .ledger import CACHE, START, Ledger

    if not works.resume:  # measured in an earlier run, perhaps on a busier machine
        (Path(config.output) / START / CACHE).unlink(missing_ok=True)
    ledger = Ledger(config, command, works.say)
    start = config.slim.start
    if not start:
        one = stages.first_stage(config)
        if works.carry_out(one) == 130:
            return False
        start = one.folder
    first = start
    ledger.begin(start)
    for place in range(len(config.slim.steps)):
        one = stages.stage(config, place, start, first)
        if works.carry_out(one, start) == 130:
            return False
        start = ledger.add(one, place)
    ledger.end()
    return True


def first_command(folder, command):
    """The command that began the slim run in a folder, as its report tells; `command` where there is no report."""
    try:
        return json.loads((Path(folder) / "slim.json").read_text(encoding="utf-8"))["command"]
    except (OSError, ValueError, KeyError, TypeError):
        return command


def check_folder(config, resume, overwrite):
    """PPMobileError, before any work, for what must not be replaced, and for stages made by other options."""
    folder = Path(config.output)
    if any((folder / name).is_file() for name in ("last.safetensors", "best.safetensors")):
        raise PPMobileError(f"{folder}: holds a training; choose another folder for the slim run with -o output=FOLDER")
    if not (resume or overwrite) and any(folder.glob(f"*/{stages.MARK}")):
        raise PPMobileError(f"{folder}: holds a slim run already; go on with --resume, replace it with --overwrite, or "
                            "choose another folder with -o output=FOLDER")
    if resume and not overwrite:
        for one in every_stage(config):
            refuse_stale(one, *stages.state(one, stages.inputs(one), {"slim.start", *stages.contents(one)}))
    if overwrite and not resume:
        keep_start(config.slim.start, [*(one.folder for one in every_stage(config)), *stages.former(folder)])


def clear_folder(config):
    """Remove the stages that lie in the folder of a run, also those of a longer list of steps."""
    for one in every_stage(config):
        stages.clear(one)
    for left in stages.former(config.output):
        shutil.rmtree(left)


def every_stage(config):
    """The Stages of a run, with that of the training from scratch if it has no start."""
    return [*([] if config.slim.start else [stages.first_stage(config)]), *planned(config)]


def keep_start(start, folders):
    """PPMobileError if the run that all begins with lies in one of the folders, which are to be emptied."""
    run = Path(start or ".").resolve()
    if start and {run, *run.parents} & {folder.resolve() for folder in folders}:
        raise PPMobileError(f"{start}: --overwrite would remove this, which the run starts from; choose another folder "
                            "with -o output=FOLDER")


def refuse_stale(one, state, why):
    """PPMobileError for a Stage that was made by other options."""
    if state == "stale":
        raise PPMobileError(f"{one.folder}: was made otherwise: {why}; --resume --overwrite makes it and what "
                            "follows anew, or undo the change")


def check(config):
    """ConfigError, before any work, for a slim section that cannot be carried out."""
    slim = config.slim
    if slim is None or not slim.steps:
        raise ConfigError("slim.steps: there is nothing to do; write for example `steps: [{name: Prune, ratio: 0.3}]`"
                          + (f" ({config.file})" if config.file else ""))
    if config.data is None:
        raise ConfigError("data: is missing; a slim run measures each step on pictures")
    if not slim.runtimes:
        raise ConfigError("slim.runtimes: is empty; write for example `runtimes: [paddle-fp32]`")
    for place, name in enumerate(slim.runtimes):
        try:
            check_name(name)
        except ExportError as error:
            raise ConfigError(f"slim.runtimes.{place}: {error}") from error
    if getattr(config.data, slim.split) is None:
        raise ConfigError(f"slim.split: data.{slim.split} is not set, so there is nothing to measure on")
    if slim.start:
        checkpoints.find(slim.start)
    steps = planned(config)
    for place, one in enumerate(steps):
        if place < len(steps) - 1 and not one.trains and type(one.step).deploy is not Step.deploy:
            raise ConfigError(f"slim.steps.{place}: {one.name} makes files of the net as it is then, which the steps "
                              "after it would not change; put it last")
        if one.step.needs_float and any(former.name == "QAT" for former in steps[:place]):
            raise ConfigError(f"slim.steps.{place}: {one.name} needs a net in float, and QAT before it makes one in "
                              "simulated int8; put it before QAT, or leave it out")
        if one.step.int8 and not any(name.endswith("-int8") for name in slim.runtimes):
            raise ConfigError(f"slim.steps.{place}: {one.name} is for int8, which none of slim.runtimes is; add "
                              "paddle-int8")
        check_step(config, one, place)


def check_step(config, one, place):
    """ConfigError for a Stage of config.slim.steps[place] whose step cannot work, or reads what is not there."""
    one.step.check()
    for option, path in one.step.sources().items():
        if TO_COME in path or Path(config.output).resolve() in Path(path).resolve().parents:
            continue  # the run itself makes it
        if not Path(path).exists():
            raise ConfigError(f"slim.steps.{place}.{option}: {path}: no such file or folder")
        if option.startswith("teacher"):
            try:
                checkpoints.find(path)
            except CheckpointError as error:
                raise ConfigError(f"slim.steps.{place}.{option}: {error}") from error


def planned(config):
    """The Stages of a config's steps, before any of them is done: their options and trainings are right."""
    return [stages.stage(config, place, config.slim.start or TO_COME)
            for place in range(len(config.slim.steps))]


class Works:
    """Carries out stages; resume, overwrite, command, say: as of `run`."""

    def __init__(self, resume, overwrite, command, say):
        self.resume, self.overwrite, self.command, self.say = resume, overwrite, command, say

    def carry_out(self, one, start=None):
        """Do what is left to do of a Stage that begins with the net of the run `start`; 0, or 130 after Ctrl-C."""
        now = stages.inputs(one, start)
        begun = self.prepare(one, now)
        if begun == "done":
            whole(one.folder)
            self.say(f"{one.folder.name}: done already")
            return 0
        self.say(f"{one.folder.name}: " + ("goes on" if begun == "begun" else "begins"))
        stages.mark(one, now, done=False)
        status = self.train(one) if one.trains else 0
        if status == 0:
            self.change(one, start)
            stages.mark(one, now, done=True)
        return status

    def prepare(self, one, now):
        """The state of a Stage, whose folder is emptied if it is to be made anew."""
        state, why = stages.state(one, now)
        if not self.overwrite:
            refuse_stale(one, state, why)
        if state == "new" or state == "stale" or not self.resume:
            stages.clear(one)
            return "new"
        return state

    def train(self, one):
        """Train, or go on; the exit status."""
        folder = one.training
        config = one.config
        config.output = str(folder)
        begun = folder if (folder / "last.safetensors").is_file() else None
        count = engine.process_count(config)
        if count > 1:
            status = engine.train_in_processes(config, count, begun, True, self.command)
            if status not in (0, 130):
                raise PPMobileError(f"{one.folder.name}: training failed; the reason stands above")
            return status
        return 130 if engine.train(config, begun, True, self.command).stop == "interrupted" else 0

    def change(self, one, start):
        """Do what the step does to a net that is not trained, or trained already, and write the result."""
        if one.trains and one.training == one.folder:
            return
        source = engine.last(one.training) if one.trains else start  # what it trained for shows most in the end
        model, config, classes, saved = engine.restore(source, one.config)
        config.output = str(one.folder)
        context = Context(config, list(classes), one.folder, self.say)
        (one.step.finish if one.trains else one.step.apply)(model, context)
        write_net(one.folder, model, config, classes, saved.meta["order"])
        write_text(one.folder / "config.yml", dump(config))
        write_record(one.folder, self.command, 1)


def whole(folder):
    """CheckpointError, with what to do, if the result of a finished stage cannot be read."""
    try:
        checkpoints.load(folder)
    except CheckpointError as error:
        raise CheckpointError(f"{error}; remove the folder {folder}, and --resume makes it again") from error


def write_net(folder, model, config, classes, order):
    """Write best.safetensors of a Model that no training has just made; eval, export and slim.start read it.

    order: what the run it came from says of its pictures.
    """
    arrays = {f"model/{key}": value.numpy() for key, value in model.state_dict().items()}
    meta = {"config": to_dict(config), "classes": list(classes), "structure": model.structure, "order": order,
            "position": {"epoch": 0, "batch": 0, "step": 0}, "hooks": {}}
    Checkpoint(arrays, meta).save(Path(folder) / "best.safetensors")
