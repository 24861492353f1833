"""What a search for a budget has tried: how strongly each net was cut, and what came of it, over a stop and go."""

import json
from pathlib import Path

from ..errors import PPMobileError
from ..files import write_json
from ..wording import brief
from . import stage as stages
from .steps import Step

FILE = "budget.json"


class Tries:
    """The tries of a config's budget, from the net of `run`, in config.output/budget.json.

    A cut that was chosen once stays chosen, although the times that led to it would come out otherwise today: else a
    training that was broken off would be of another net. overwrite: forget an earlier search. PPMobileError if the
    folder holds a search of another net, budget or config.
    """

    def __init__(self, config, run, overwrite=False):
        self.file = Path(config.output) / FILE
        self.inputs = {**stages.inputs(stages.Stage("budget", self.file.parent, config, Step()), run),
                       **{f"slim.budget.{key}": str(value) for key, value in vars(config.slim.budget).items()}}
        self.tries = [] if overwrite else self._known()

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
        """The power of a try, from 1 on: as it was chosen before, or what `choose()` gives now."""
        if number > len(self.tries):
            self.tries.append({"power": choose(), "found": None})
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
