"""The page of a slim run, one file for a browser: what each step gained and cost, with pictures inside it."""

import base64
import html
import tempfile
from pathlib import Path

import numpy as np

from ..files import write_text
from .page import MEANINGS, STYLE, table

LARGEST = 60  # layers in the picture of the widths: of more, the widest
NUMBERS = {
    "interval (95 %)": "where the metric lies on 95 % of 200 sets of as many pictures, drawn from these with "
                       "replacement: what chance in the choice of the pictures amounts to",
    "the net": "as it was trained, in float, or after QAT in simulated int8. Where the files of a runtime answer "
               "otherwise (int8, bf16, all files of QAT), that runtime's column has their own metric",
    "to the start": "the metric minus the start's, and the interval of that difference, both nets on the same "
                    "pictures: one that holds 0 is no finding",
    "M parameters": "numbers that were learned, in millions",
    "M MACs": "multiplications with addition for one picture, in millions; what a net costs on paper",
    "MB weights": "10^6 bytes of all weights and statistics in fp32; the file of the int8 graph is smaller",
    "ms, p90": "median milliseconds of one picture on this machine, and what 90 % of the runs stay below; all nets "
               "were timed in turns, so compare them with each other, not with other machines",
    "times as fast": "the start's time on the same runtime, or in fp32 of the same library, divided by this one",
    "size of files": "MB, 10^6 bytes of the files that the runtime reads",
    "peak memory": "MiB, 2^20 bytes: the largest memory of a process that runs the graph alone",
    "keep": "whether the step paid, on its fastest runtime: the metric is at most slim.max_drop below the start's, and "
            "the net became faster, or better, than the last one that paid; faster by 2 %, and by twice the standard "
            "error of the times; better by a change whose interval lies above 0. A cut is judged together with the "
            "training after it, and with more that follow at once until it pays",
}


def write_page(folder, rows, result, config, about):
    """Write slim.html into `folder`; rows: of slim/ledger.py; result: that of the net to take; about: command, date and
    machine of the run.
    """
    from ..slim.slim_report import cells, head, noise, taken

    folder = Path(folder)
    title = f"{folder.resolve().name}: {len(rows) - 1} slim step(s)"
    meaning = {rows[0]["metric"]: MEANINGS.get(rows[0]["metric"], "the metric of the config"), **NUMBERS}
    parts = [f"<h1>{html.escape(title)}</h1>", _summary(rows, result),
             f"<p>The net to take: {html.escape(taken(result))}</p>",
             table(head(rows), [cells(row, rows) for row in rows]),
             *[f"<p>{html.escape(row['stage'])}: {html.escape(row['why'])}</p>" for row in rows if row["why"]],
             *[f"<p>{html.escape(line[0].upper() + line[1:])}.</p>" for line in noise(rows)],
             "<h2>What the numbers mean</h2>", table([], [[name, "", text] for name, text in meaning.items()])]
    with tempfile.TemporaryDirectory(prefix="ppmobile-") as work:
        parts += _pictures(rows, result, config, Path(work))
    parts += ["<h2>How it was made</h2>", f"<pre>{html.escape(about['command'])}</pre>",
              f"<p>{html.escape(_machine(about))}</p>"]
    write_text(folder / "slim.html", "\n".join([
        "<!DOCTYPE html>", '<html lang="en"><head><meta charset="utf-8">', f"<title>{html.escape(title)}</title>",
        f"<style>{STYLE}</style></head><body>", *parts, "</body></html>", ""]))


def _summary(rows, last):
    """A sentence on the first net and the row `last`."""
    from ..slim.keep import fastest

    first = rows[0]
    change = 100 * (fastest(last)[1]["value"] - first["score"]["value"])
    params = 100 * (1 - last["cost"]["params"] / first["cost"]["params"])
    told = (f"From {first['stage']} to {last['stage']}: {_speed(first, last)}{params:.1f} % fewer parameters, "
            f"{first['metric']} {change:+.1f} points on {first['split']}.{_files(first, last)}")
    return f"<p>{html.escape(told)}</p>"


def _speed(first, last):
    """What the sentence says of times, each net's on its runtime; '' where one of them ran on none."""
    from ..slim.keep import fastest_runtime
    from ..slim.slim_report import base

    runtime = fastest_runtime(last)
    before = base(first, runtime) if runtime else None
    if before is None:
        return ""
    ratio = first["runtimes"][before]["median_ms"] / last["runtimes"][runtime]["median_ms"]
    return f"{ratio:.2f} times as fast ({runtime}{'' if before == runtime else f' against {before}'}), "


def _files(first, last):
    """A sentence on the size of the files for each runtime, '' where nothing ran."""
    from ..slim.cut_table import millions

    now, before = (" and ".join(f"{millions(one['file_bytes'])} MB ({name})" for name, one in row["runtimes"].items()
                                if one.get("file_bytes")) for row in (last, first))
    return f" Its files have {now}, the start's {before}." if now and before else ""


def _machine(about):
    return (f"{about['date']}, {about['cpu']}, {about['cores']} cores, {about['threads']} thread(s) and "
            f"{about['runs']} runs a measurement, paddlepaddle {about['paddlepaddle']}, Python {about['python']}")


def _pictures(rows, last, config, work):
    """The parts with pictures: answers, widths, and the curves of each training."""
    from .slim_answers import shown_runtime, write_answers

    told = write_answers((rows[0], last), config, work / "answers.png")
    both = " and by ".join(html.escape(f"{row['stage']} ({shown_runtime(row) or 'net'})") for row in (rows[0], last))
    parts = [f"<h2>The same pictures, answered by {both}</h2>", f"<p>{html.escape(told)}</p>",
             embedded(work / "answers.png")]
    if last["widths"] != rows[0]["widths"]:
        widths_plot(rows[0]["widths"], last["widths"], work / "widths.png")
        parts += ["<h2>Output channels of each layer, before and after</h2>", embedded(work / "widths.png")]
    for row in rows[1:]:
        for curves in (Path(row["folder"]) / "curves.png", Path(row["folder"]) / "training" / "curves.png"):
            if curves.is_file():
                parts += [f"<h2>Training of {html.escape(row['stage'])}</h2>", embedded(curves)]
    return parts


def embedded(path):
    """An HTML picture that holds the PNG file itself."""
    data = base64.b64encode(Path(path).read_bytes()).decode("ascii")
    return f'<img alt="{html.escape(Path(path).stem)}" src="data:image/png;base64,{data}">'


def widths_plot(before, after, png_path):
    """Bars of the output channels of the layers that changed; before, after: {layer path: [inputs, outputs]}."""
    from .plots import new_figure, save

    changed = [path for path in before if before[path][1] != after.get(path, before[path])[1]]
    widest = sorted(changed, key=lambda path: -before[path][1])[:LARGEST]
    names = [path for path in changed if path in set(widest) and path.rpartition(".")[2] != "bn"]
    figure = new_figure(9, 0.8 + 0.2 * len(names), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(names))
    axes.barh(places, [before[path][1] for path in names], color="#cfd8e6", label="before")
    axes.barh(places, [after[path][1] for path in names], height=0.5, color="#2060c0", label="after")
    axes.set_yticks(places, names, fontsize=7)
    axes.invert_yaxis()
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel("output channels")
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
    save(figure, png_path)
