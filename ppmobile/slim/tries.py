"""What a search for a budget has tried: how strongly each net was cut, and what came of it, over a stop and go."""

import json
from pathlib import Path

from ..errors import ConfigError, PPMobileError
from ..files import write_json
from ..wording import brief
from . import stage as stages
from .steps import Step

FILE = "budget.json"


class Whole(Step):
    """Stands for all the steps of a search, of which some train."""

    trains = True


class Tries:
    """The tries of a config's budget, from the net of `run`, in config.output/budget.json.

    A cut that was chosen once stays chosen, although the times that led to it would come out otherwise today: else a
    training that was broken off would be of another net. overwrite: forget an earlier search, at once. PPMobileError
    if the folder holds a search of another net, budget or config, or one whose steps read what was another teacher or
    table then; ConfigError if they read what is not there.
    """

    def __init__(self, config, run, overwrite=False):
        self.file = Path(config.output) / FILE
        self.inputs = {**stages.inputs(stages.Stage("budget", self.file.parent, config, Whole()), run),
                       **{key: contents(key, path) for key, path in sources(config, run)},
                       **{f"slim.budget.{key}": str(value) for key, value in vars(config.slim.budget).items()}}
        if overwrite:
            self.file.unlink(missing_ok=True)  # else the command that goes on after Ctrl-C would find the earlier one
        self.tries = self._known()

    def _known(self):
        """The tries that are there."""
        if not self.file.is_file():
            return []
        try:
            told = json.loads(self.file.read_text(encoding="utf-8"))
            before, tries = dict(told["inputs"]), list(told["tries"])
        except (ValueError, KeyError, TypeError) as error:
            raise PPMobileError(f"{self.file}: is damaged; --overwrite begins the search anew") from error
        changed = [key for key in {**before, **self.inputs} if before.get(key) != self.inputs.get(key)]
        if changed:
            was, now = (brief(one.get(changed[0], "not set"), 40) for one in (before, self.inputs))
            told = "it began with another net" if changed[0] == "slim.start" else f"{changed[0]} was {was} and is {now}"
            raise PPMobileError(f"{self.file.parent}: holds another search: {told}; --overwrite begins anew, or choose "
                                "another folder with -o output=FOLDER")
        return tries

    def power(self, number, choose):
        """The power of a try, from 1 on: as it was chosen before, or what `choose()` gives now, perhaps None."""
        if number > len(self.tries):
            power = choose()
            if power is None:
                return None
            self.tries.append({"power": power, "found": None})
            self._write()
        return self.tries[number - 1]["power"]

    def result(self, number):
        """What came of a try, as it was `put`; None if it is not done, or its artefact is gone."""
        found = self.tries[number - 1]["found"]
        return found if found and (Path(found["artefact"]) / "deploy.yml").is_file() else None

    def put(self, number, found):
        """Note what came of a try, plain values."""
        self.tries[number - 1]["found"] = found
        self._write()

    def results(self):
        """What came of all that are done."""
        return [one["found"] for one in self.tries if one["found"]]

    def end(self, best, command):
        """Note the best of them, and the command."""
        self._write(best=best, command=command)

    def _write(self, **more):
        self.file.parent.mkdir(parents=True, exist_ok=True)
        write_json(self.file, {"inputs": self.inputs, "tries": self.tries, **more})


def sources(config, run):
    """(dotted key, path) of all that the steps of a config read beside the net of `run`."""
    for place in range(len(config.slim.steps)):
        for option, path in stages.stage(config, place, run).step.sources().items():
            yield f"slim.steps.{place}.{option}", path


def contents(key, path):
    """The fingerprint of what an option names; ConfigError with the option if there is no such thing."""
    if not Path(path).exists():
        raise ConfigError(f"{key}: {path}: no such file or folder")
    return stages.fingerprint(path)
