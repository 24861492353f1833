"""The rows of a slim run: each net measured once it is made, all timed side by side at the end, then told."""

import contextlib
import json
import math
import time
from pathlib import Path

from ..artefact import read
from ..doctor import examine
from ..errors import PPMobileError
from ..files import sha256, write_json
from ..profiling import latency, memory
from . import measure, slim_report, stage
from .keep import fastest, judge
from .steps import STEPS, Context

CACHE, START, ARTEFACT = "measured.json", "00_start", "artefact"
MEDIAN = math.sqrt(math.pi / 2)  # standard error of a median over that of a mean, of normal values


class Ledger:
    """Measures the nets of a slim run, a Config; `rows` are what slim.json holds, `result` the row of the net to take:
    the last, or with slim.undo the last that paid.
    """

    def __init__(self, config, command, say=print):
        self.config, self.slim, self.command, self.say = config, config.slim, command, say
        self.folder, self.rows, self.result = Path(config.output), [], None
        self.runtimes = with_base(self.slim.runtimes)
        self.kinds = [STEPS.get(part["name"]) for part in self.slim.steps]

    def begin(self, start):
        """Measure the net of the run `start`, which the others are compared with."""
        run = Path(start)
        home = self.folder / START if self.slim.start else run  # whose own training is left as it is
        net = measure.Net(run, self.config)
        self.split = measure.Split(self.config, self.slim.split, net.classes, net.saved.path)
        self.result = self._add("start", run, home, net)

    def add(self, one, place):
        """Measure the net of a Stage, slim.steps[place]; the folder of the run that the next step begins with."""
        net = measure.Net(one.folder, one.config)
        context = Context(one.config, list(net.classes), one.folder, self.say)
        row = self._add(one.name, one.folder, one.folder, net, one.step, context)
        kept = judge(self.rows, self.kinds, self.slim.max_drop)
        self.result = kept if self.slim.undo else row
        self.write()
        if row["keep"] is False:
            self.say(f"{row['stage']} did not pay: {row['why']}")
        return Path(kept["folder"]) if self.slim.undo and row["keep"] is False else one.folder

    def _add(self, name, run, home, net, step=None, context=None):
        """The row of a net, measured or as it was measured before."""
        about = {"net": sha256(net.saved.path), "runtimes": self.runtimes, "threads": self.slim.threads,
                 "runs": self.slim.runs, "split": self.slim.split, "start": self.rows[0]["net"] if self.rows else "",
                 "config": stage.measuring(self.config, self.slim.split)}
        row = _cached(home, about)
        if row is None:
            self.say(f"{home.name}: measuring")
            row = self._measured(name, run, home, net, step, context)
            row["net"] = about["net"]
            write_json(home / CACHE, {"about": about, "row": row})
        row.update(folder=str(run), artefact=str(home / ARTEFACT), widths=net.widths)  # the cache may be a copied one
        self.rows.append(row)
        self.say(slim_report.line(row, self.rows[0]))
        return row

    def _measured(self, name, run, home, net, step, context):
        """Everything that is known of a net as soon as it is made."""
        artefact = measure.make_artefact(run, home / ARTEFACT, net.config, self.runtimes, step, context)
        score = self.split.of_net(net.model)
        before = [read(self.rows[0]["artefact"])] if self.rows else []
        times = self._times([*before, artefact])
        runtimes, simulated = times[-1], "qat" in net.saved.structure
        for runtime in runtimes:
            runtimes[runtime]["file_bytes"] = measure.file_bytes(artefact, runtime)
            if scored_by_files(runtime, simulated):
                runtimes[runtime]["score"] = self.split.of_artefact(artefact.folder, runtime, self.slim.threads)
        row = {"step": name, "stage": home.name, "metric": self.split.main, "split": self.slim.split, "score": score,
               "simulated": simulated, "cost": net.cost, "predicted": self._predicted(run, net), "runtimes": runtimes,
               "keep": None, "why": ""}
        row["start_ms"] = fastest({**row, "runtimes": times[0]})[0]
        return row

    def _predicted(self, run, net):
        """The cost that the widths alone foretell, from the net that this one was cut out of; None of the start's."""
        if not self.rows:
            return None
        return measure.Net(self.rows[0]["folder"], self.config).predicted(net.widths)

    def _times(self, artefacts):
        """[{runtime: {"median_ms", "p90_ms", "noise", "error"}}] of artefacts timed in turns, without what cannot run.

        error: the standard error of the median, as a share of it; None for a single turn.
        """
        rows = latency.bench(artefacts, self.runtimes, self.slim.threads, self.slim.runs, say=lambda line: None)
        turns = math.ceil(self.slim.runs / latency.TURN)
        return [{row["runtime"]: {**{key: row[key] for key in ("median_ms", "p90_ms", "noise")},
                                  "error": row["noise"] and MEDIAN * row["noise"] / math.sqrt(turns)}
                 for row in rows if row["folder"] == str(one.folder) and not row["reason"]} for one in artefacts]

    def end(self):
        """Time all nets side by side, measure memory and the test split, judge again, and write the report."""
        from ..explain.slim_page import write_page

        self.say("timing all nets side by side")
        artefacts = [read(row["artefact"]) for row in self.rows]
        for row, times in zip(self.rows, self._times(artefacts)):
            for runtime, figures in times.items():
                row["runtimes"].setdefault(runtime, {}).update(figures)
        for row in self.rows:
            row["start_ms"] = fastest(self.rows[0])[0]
        self._memory(artefacts)
        self._test()
        if not self.slim.undo:  # what was undone is not judged otherwise afterwards
            judge(self.rows, self.kinds, self.slim.max_drop)
        self.write()
        write_page(self.folder, self.rows, self.result, self.config, self.about())
        self.say("\n".join([*slim_report.table(self.rows), *slim_report.noise(self.rows)]))
        self.say(f"the net to take is {slim_report.taken(self.result)}; the report is {self.folder / 'slim.html'}")

    def _memory(self, artefacts):
        """Put the peak memory into the rows."""
        for row, artefact in zip(self.rows, artefacts):
            for runtime, one in row["runtimes"].items():
                with contextlib.suppress(PPMobileError, OSError):  # the times count more
                    one["peak_mib"] = memory.graph_peak(artefact, runtime, self.slim.threads)

    def _test(self):
        """Put the score on data.test into the rows of the start and of the net to take."""
        if self.config.data.test is None or self.slim.split == "test":
            return
        net = measure.Net(self.rows[0]["folder"], self.config)
        split = measure.Split(self.config, "test", net.classes, net.saved.path)
        for row in ([self.rows[0]] if self.result is self.rows[0] else [self.rows[0], self.result]):
            self.say(f"{row['stage']}: measuring on data.test, {len(split.dataset)} pictures")
            row["test"] = split.of_net(measure.Net(row["folder"], self.config).model)
            for runtime, one in row["runtimes"].items():
                if scored_by_files(runtime, row["simulated"]):
                    one["test"] = split.of_artefact(row["artefact"], runtime, self.slim.threads)

    def about(self):
        """How, when and on what the run was measured."""
        machine = examine()
        return {"command": self.command, "date": time.strftime("%Y-%m-%d %H:%M"), "cpu": machine.cpu,
                "cores": machine.cores, "threads": self.slim.threads, "runs": self.slim.runs,
                "python": ".".join(map(str, machine.python)), "paddlepaddle": machine.versions.get("paddlepaddle")}

    def write(self):
        """slim.json, slim.csv and slim.md, of the rows so far."""
        slim_report.write(self.folder, self.rows, self.result, self.about())


def with_base(runtimes):
    """The names of the runtimes to measure: if all are of int8, which a net in float has no files for, fp32 of the same
    libraries as well, so that there is something to compare with.
    """
    if not all(name.endswith("-int8") for name in runtimes):
        return list(runtimes)
    return [*runtimes, *(name.replace("-int8", "-fp32") for name in runtimes)]


def scored_by_files(runtime, simulated):
    """Whether files answer otherwise than the net in float: those of int8 and bf16, and all of a net in simulated int8,
    whose fp32 files do not round as it did.
    """
    return simulated or not runtime.endswith("fp32")


def _cached(home, about):
    """The row that was measured before of the same net with the same settings, or None."""
    try:
        known = json.loads((home / CACHE).read_text(encoding="utf-8"))
        row = known["row"] if known["about"] == about else None
        return row if row and (home / ARTEFACT / "deploy.yml").is_file() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
