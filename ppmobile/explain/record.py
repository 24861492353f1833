"""A table of finished runs for a Markdown page, so that no number there is typed by hand."""

import csv
import json
import re
import shutil
from pathlib import Path

from ..errors import PPMobileError
from ..files import write_text
from ..wording import brief

BEGIN, END = "<!-- made by a tool: do not edit -->", "<!-- end -->"
NAMES = ("run", "metric", "best on val (epoch)", "on test", "minutes", "epochs", "img/s", "pictures", "params M",
         "MACs M")


def record(page, runs):
    """Put the table, commands and machine of `runs` between the markers of the Markdown file `page`.

    The curves and metrics.csv of each run are copied to a folder beside the page, named like it. A page without
    markers gets them at its end. Raises PPMobileError for a folder that holds no finished run.
    """
    page, rows, commands = Path(page), [], []
    for run in map(Path, runs):
        row, start = describe(run)
        rows.append(row)
        commands.append(f"    {start['command']}\n    # {start['date']}, {start['cpu']}, {start['cores']} cores, "
                        f"{start['processes']} processes, paddlepaddle {start['versions']['paddlepaddle']}, "
                        f"Python {start['python']}")
        for name in ("curves.png", "metrics.csv"):
            target = page.with_suffix("") / f"{run.name}_{name}"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(run / name, target)
    lines = ["| " + " | ".join(NAMES) + " |", "|" + "---|" * len(NAMES)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    text = "\n".join(["", *lines, "", *commands, "", *(
        f"![{Path(run).name}]({page.stem}/{Path(run).name}_curves.png)" for run in runs), ""])
    write_text(page, replaced(page, text))


def record_slim(page, runs):
    """Put the tables of finished slim runs between the markers of the Markdown file `page`, each under its name.

    The curves of their trainings are copied beside the page. PPMobileError for a folder without slim.md.
    """
    page, parts = Path(page), []
    for run in map(Path, runs):
        if not (run / "slim.md").is_file():
            raise PPMobileError(f"{run}: has no slim.md; is it the folder of a finished slim run?")
        parts += ["", f"## {run.name}", "", (run / "slim.md").read_text(encoding="utf-8").strip(), ""]
        for curves in sorted([*run.glob("*/curves.png"), *run.glob("*/training/curves.png")]):
            name = "_".join([run.name, *curves.relative_to(run).parts])
            target = page.with_suffix("") / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(curves, target)
            parts.append(f"![{name}]({page.stem}/{name})")
    write_text(page, replaced(page, "\n".join([*parts, ""])))


def replaced(page, text):
    """The content of the Markdown file `page` with `text` between its markers, or with markers at its end."""
    page = Path(page)
    block = f"{BEGIN}\n{text}\n{END}"
    old = page.read_text(encoding="utf-8") if page.is_file() else f"# {page.stem}\n\n"
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    return pattern.sub(lambda _: block, old) if pattern.search(old) else f"{old.rstrip()}\n\n{block}\n"


def describe(run):
    """(cells of the table, first entry of run.json) of a run's folder; a run without val has no best epoch."""
    from ..config import load
    from ..engine.run import restore
    from ..metrics import METRICS
    from ..profiling.macs import count
    from ..transforms.parts import height_width

    try:
        metric = METRICS.get(load(run / "config.yml").eval.metric["name"]).main
        start, trained, accuracy = told(run, metric)
    except (PPMobileError, OSError, ValueError, KeyError, IndexError, TypeError, csv.Error) as error:
        raise PPMobileError(f"{run}: holds no finished run ({brief(error)}); give the output folders of training") \
            from error
    model, config, _, saved = restore(run)
    size = next((part["size"] for part in reversed(config.transforms.eval) if "size" in part), None)
    if size is None:
        raise PPMobileError(f"{run}: no step of transforms.eval has a size, so there are no MACs to count; set one")
    height, width = height_width(size)
    cost = count(model, (1, 3, height, width))
    best, *rest = trained
    return [run.name, metric, best, "" if accuracy is None else f"{accuracy:.4f}", *rest,
            str(saved.meta["order"]["pictures"]), f"{cost.params / 1e6:.2f}",
            f"{cost.macs / 1e6:.3g} at {height if height == width else f'{height}x{width}'} px"], start


def told(run, metric):
    """(first entry of run.json, cells best, minutes, epochs and speed, metric on test or None) from a run's tables."""
    (run / "curves.png").stat()  # it will be copied
    start = json.loads((run / "run.json").read_text(encoding="utf-8"))["starts"][0]
    with open(run / "metrics.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    best = max((row for row in rows if row.get(metric)), key=lambda row: float(row[metric]), default=None)
    speeds = sorted(float(row["img_per_s"]) for row in rows)
    cells = [f"{float(best[metric]):.4f} ({best['epoch']})" if best else "",
             f"{sum(float(row['epoch_s']) for row in rows) / 60:.1f}", rows[-1]["epoch"],
             f"{speeds[len(speeds) // 2]:.1f}"]
    test = run / "eval_test" / "result.json"
    return start, cells, json.loads(test.read_text(encoding="utf-8"))[metric] if test.is_file() else None
