"""The stages of a slim run: the folder and config of each step, and the mark that tells whether it is done."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from ..config import from_tree, merge, to_dict
from ..engine import checkpoint as checkpoints
from ..engine.start import MARK, TRAINING
from ..errors import CheckpointError, PPMobileError
from ..files import remove_leftovers, sha256, write_json
from ..wording import brief, show
from .steps import STEPS, Step

# what of a config makes no other net
SPARED = {"data": ("test", "workers", "max_bad", "check"), "eval": ("batch_size", "worst"),
          "train": ("processes", "visualdl", "save_every", "save_steps")}


@dataclass
class Stage:
    """One step in its folder. name: as the report shows it. step: None for the training from scratch."""

    name: str
    folder: Path
    config: object
    step: Optional[Step] = None
    place: int = 0  # in slim.steps

    @property
    def training(self):
        """Where its training lies: beside the result, if the step changes the net after it."""
        return self.folder / TRAINING if self.step is not None and self.step.finishes else self.folder

    @property
    def trains(self):
        """Whether it is a training."""
        return self.step is None or self.step.trains


def first_stage(config):
    """The Stage that trains the config's model, where a slim run has no start."""
    folder = Path(config.output) / "00_train"
    return Stage("train", folder, _config(config, {**to_dict(config), "slim": None, "output": str(folder)}))


def stage(config, place, start, first=None):
    """The Stage of slim.steps[place], which begins with the net of the run `start`.

    first: the run that the whole slim run began with, for "{start}" in a step's options; by default `start`.
    """
    part = filled(config.slim.steps[place], str(first or start))
    folder = Path(config.output) / f"{place + 1:02d}_{part['name'].lower()}"
    tree = to_dict(config)
    tree["train"] = merge(tree["train"], part.pop("train", {}), {}, "")
    tree["slim"] = {**tree["slim"], "start": str(start), "steps": [part]}
    tree["output"] = str(folder)
    return Stage(part["name"], folder, _config(config, tree), STEPS.build(part, f"slim.steps.{place}"), place)


def filled(value, start):
    """Plain values with "{start}" in their texts replaced: a teacher can be the net that all began with."""
    if isinstance(value, str):
        return value.replace("{start}", start)
    if isinstance(value, dict):
        return {key: filled(one, start) for key, one in value.items()}
    return [filled(one, start) for one in value] if isinstance(value, list) else value


def _config(config, tree):
    """The Config of a tree that was changed in `slim` and `train`, whose keys keep no origin."""
    kept = {key: file for key, file in config.origins.items() if not key.startswith(("slim", "train"))}
    return from_tree(tree, kept, "", config.file)


def inputs(one, start=None):
    """What decides the net that a Stage makes: {dotted key: value as text}; of files that it reads their contents.

    start: the run that it begins with; where it is not known yet, the keys of `contents` are not in it.
    """
    kept = _kept(to_dict(one.config), ["task", "model", "data", "transforms", "train", "eval", "seed"])
    if one.step is None:
        return dict(_flat(kept, ""))
    kept["model"] = {**kept["model"], "pretrained": None}
    if not one.trains:
        del kept["train"]
    found = dict(_flat({**kept, "slim": {"steps": one.config.slim.steps}}, ""))
    files = contents(one)
    if start is None:
        return {key: value for key, value in found.items() if key not in files}
    return {**found, **{key: fingerprint(path) for key, path in files.items()}, "slim.start": fingerprint(start)}


def contents(one):
    """{dotted key: path} of the options of a Stage's step that name what it reads: their text says nothing."""
    files = {} if one.step is None else one.step.sources()
    return {f"slim.steps.0.{option}": path for option, path in files.items()}


def fingerprint(path):
    """What lies at a path, as text: the hash of a file, of a run's checkpoint, or of the names and sizes in a folder.

    CheckpointError if nothing does.
    """
    path = Path(path)
    if path.is_dir() and _result(path) is None:
        told = sorted(f"{file.relative_to(path).as_posix()} {file.stat().st_size}" for file in path.rglob("*"))
        return "contents " + hashlib.sha256("\n".join(told).encode("utf-8", "replace")).hexdigest()[:32]
    return "contents " + sha256(path if path.is_file() else checkpoints.find(path))[:32]


def measuring(config, split):
    """What decides how the net of a config is measured on the pictures of a split: {dotted key: value as text}."""
    tree = to_dict(config)
    kept = _kept(tree, ["task", "model", "data", "eval"])
    kept["model"] = {**kept["model"], "pretrained": None}
    kept["data"] = {**kept["data"], split: tree["data"][split]}
    return dict(_flat({**kept, "transforms": {"eval": tree["transforms"]["eval"]}}, ""))


def _kept(tree, wanted):
    """Sections of a config's tree without what is SPARED."""
    return {key: {k: v for k, v in tree[key].items() if k not in SPARED.get(key, ())} if key in SPARED else tree[key]
            for key in wanted}


def _flat(value, place):
    """(dotted key, text) of every plain value in a tree."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if not inner:
        yield place, json.dumps(value, ensure_ascii=False, default=str)
        return
    for key, item in inner:
        yield from _flat(item, f"{place}.{key}" if place else str(key))


def state(one, now, unknown=()):
    """("new" | "begun" | "done" | "stale", why) of a Stage whose `inputs` are `now`, but for the keys `unknown`."""
    if not (one.folder / MARK).is_file():
        return "new", ""
    try:
        mark = json.loads((one.folder / MARK).read_text(encoding="utf-8"))
        before, done = dict(mark["inputs"]), bool(mark["done"])
    except (OSError, ValueError, KeyError, TypeError):
        return "stale", f"{MARK} is damaged"
    changed = [key for key in {**before, **now} if before.get(key) != now.get(key) and key not in unknown]
    if changed:
        key = changed[0]
        if key == "slim.start":
            return "stale", "it began with another net"
        named = key.replace("slim.steps.0", f"slim.steps.{one.place}")
        told = f"{named} was {brief(before.get(key, 'not set'), 40)} and is {brief(now.get(key, 'not set'), 40)}"
        return "stale", told + (f", and {len(changed) - 1} more" if changed[1:] else "")
    return ("done" if done and _result(one.folder) else "begun"), ""


def _result(folder):
    try:
        return checkpoints.find(folder)
    except CheckpointError:
        return None


def mark(one, now, done):
    """Write the mark of a Stage into its folder."""
    one.folder.mkdir(parents=True, exist_ok=True)
    write_json(one.folder / MARK, {"step": one.name, "done": done, "inputs": now})


def former(folder):
    """Folders below that of a slim run in which its stages lie, or those of an earlier one."""
    return sorted(file.parent for file in Path(folder).glob(f"[0-9][0-9]_*/{MARK}"))


def clear(one):
    """Remove what a former slim run left in the folder of a Stage. PPMobileError if something else lies there."""
    if not one.folder.exists():
        return
    remove_leftovers(one.folder)
    if any(one.folder.iterdir()) and not (one.folder / MARK).is_file():
        raise PPMobileError(f"{one.folder}: holds {show(next(one.folder.iterdir()).name)}, which no slim run wrote; "
                            "choose another folder with -o output=FOLDER")
    shutil.rmtree(one.folder)
