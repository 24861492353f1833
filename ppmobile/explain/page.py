"""The result of an evaluation as one page for a browser: numbers, the table of classes, and the pictures beside it."""

import html
from pathlib import Path

from ..files import write_text
from .box_errors import KINDS

MEANINGS = {  # of the numbers of a result, in the words of their metrics
    "top1": "share of the pictures whose most probable class is right",
    "mean_class_acc": "the same, averaged over the classes",
    "loss": "cross-entropy in nats a picture",
    "map": "average precision, mean over the classes and over IoU 0.50, 0.55 .. 0.95",
    "map50": "average precision at IoU 0.5, mean over the classes",
    "map75": "the same at IoU 0.75",
    "map_small": "map of objects below 32 x 32 pixels",
    "map_medium": "map of objects from 32 x 32 to 96 x 96 pixels",
    "map_large": "map of larger objects",
    "map50_11": "map50 by eleven recalls, as in VOC 2007",
    "ar1": "recall with one box a picture, mean over the classes and over IoU 0.50 .. 0.95",
    "ar10": "the same with ten boxes a picture",
    "ar100": "the same with a hundred boxes a picture",
    "ar_small": "ar100 of small objects",
    "ar_medium": "ar100 of medium objects",
    "ar_large": "ar100 of large objects",
}
STYLE = """body{font:15px/1.5 sans-serif;color:#222;max-width:1240px;margin:2em auto;padding:0 1em}
h1{font-size:1.5em}h2{font-size:1.15em;margin:2em 0 .5em}
table{border-collapse:collapse}td,th{padding:.2em .9em .2em 0;border-bottom:1px solid #ddd;text-align:right}
td:first-child,th:first-child,td.text{text-align:left}td.text,p{color:#555}
img{max-width:100%;height:auto}.true{color:#14823a}.answer{color:#d22}"""


def write_page(folder, title, result, pictures):
    """Write report.html to `folder`, where the pictures lie.

    result: what result.json holds: numbers, "per_class", and of a detector "errors". pictures: {file name: heading},
    those that exist are shown, in this order, before the errors.
    """
    folder = Path(folder)
    shown = [(heading, name) for name, heading in pictures.items() if (folder / name).is_file()]
    numbers = [[name, f"{value:.4f}", MEANINGS.get(name, "")] for name, value in result.items()
               if isinstance(value, float)]
    parts = [f"<h1>{html.escape(title)}</h1>", table([], numbers), "<h2>Classes</h2>",
             table(list(result["per_class"][0]), [[cell(value) for value in row.values()]
                                                  for row in result["per_class"]])]
    parts += [f"<h2>{html.escape(heading)}</h2>\n{image(name)}" for heading, name in shown]
    parts += errors(result["errors"], folder) if "errors" in result else []
    write_text(folder / "report.html", "\n".join([
        "<!DOCTYPE html>", '<html lang="en"><head><meta charset="utf-8">', f"<title>{html.escape(title)}</title>",
        f"<style>{STYLE}</style></head><body>", *parts, "</body></html>", ""]))


def errors(told, folder):
    """The part on a detector's errors, from what box_gallery.write_errors returned: a list of HTML texts."""
    rows = [["right", str(told["right"]), "boxes that are the surest on their object"]]
    rows += [[kind, str(told[kind]["count"]), meaning] for kind, meaning in KINDS.items()]
    legend = ('<p>True boxes are <b class="true">green</b>, answered ones <b class="answer">red</b>; those that an '
              "error is about are bold.</p>")
    parts = [f"<h2>Errors of the boxes that score {told['threshold']:g} or more</h2>", table([], rows), legend]
    for kind, meaning in KINDS.items():
        name = f"{kind.replace(' ', '_')}.png"
        if told[kind]["worst"] and (folder / name).is_file():
            order = "least suspected first" if kind == "missed" else "surest first"
            parts.append(f"<h2>{kind.capitalize()}: {meaning} ({len(told[kind]['worst'])} of "
                         f"{told[kind]['count']}, {order})</h2>\n{image(name)}")
    return parts


def table(head, rows):
    """An HTML table; cells are texts, of which those in the third column of a table without head are left-aligned."""
    lines = ["<tr>" + "".join(f"<th>{html.escape(one)}</th>" for one in head) + "</tr>"] if head else []
    for row in rows:
        kinds = ['<td class="text">' if place == 2 and not head else "<td>" for place in range(len(row))]
        lines.append("<tr>" + "".join(f"{kind}{html.escape(one)}</td>" for kind, one in zip(kinds, row)) + "</tr>")
    return "<table>\n" + "\n".join(lines) + "\n</table>"


def image(name):
    """The picture of a file beside the page."""
    return f'<img src="{html.escape(name)}" alt="{html.escape(name)}">'


def cell(value):
    """A name or a count as it is, a share with three digits, "-" where nothing was measured."""
    return "-" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
