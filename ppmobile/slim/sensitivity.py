"""What the metric loses when one group of coupled channels is cut alone: a table, a picture, and proposed ratios."""

import copy
import csv
import io
import json
from pathlib import Path

import numpy as np

from ..config import to_dict
from ..engine.evaluate import evaluate
from ..engine.run import eval_loader
from ..errors import ConfigError, PPMobileError
from ..files import sha256, write_json, write_text
from ..profiling.net import input_size
from .coupling import couple
from .cut import cut, predicted
from .importance import importance
from .select import check_ratio, keep_mask, ratios_from_sensitivity, read_sensitivity

COLUMNS = ("group", "width", "ratio", "metric", "macs", "params")
TABLE, PICTURE, ABOUT = "sensitivity.csv", "sensitivity.png", "sensitivity.json"
RATIOS = (0.25, 0.5, 0.75)
DROP = 0.01  # for which ratios are proposed by default: a point
SURE = 3  # pictures: a difference of fewer answers may be chance; a choice of ours


class Sensitivity:
    """The table of one net in a folder, filled row by row; what is there of the same net is kept.

    run: folder or checkpoint of the net. config: its Config. pictures: of the split val to measure on, 0 for all.
    kind: importance by which channels go. overwrite: begin anew if the table is of another net or other settings.
    """

    def __init__(self, run, config, folder, pictures=0, kind="l1", overwrite=False, say=print):
        from .measure import Net, Split

        self.net, self.folder, self.kind, self.say = Net(run, config), Path(folder), kind, say
        self.split = Split(config, "val", self.net.classes, self.net.saved.path)
        self.split.dataset.items = spread(self.split.dataset.items, pictures)
        self.size = input_size(config)
        self.coupling = couple(self.net.model, self.size)
        tree = to_dict(config)
        about = {"net": sha256(self.net.saved.path), "importance": kind, "pictures": len(self.split.dataset),
                 "eval.metric": tree["eval"]["metric"], "data.val": tree["data"]["val"],
                 "transforms.eval": tree["transforms"]["eval"]}
        self.rows = self._known(about, overwrite)
        write_json(self.folder / ABOUT, about)

    def _known(self, about, overwrite):
        """The rows that are there, which `overwrite` removes; PPMobileError if they are of something else."""
        if overwrite or not (self.folder / ABOUT).is_file():
            (self.folder / TABLE).unlink(missing_ok=True)
            return []
        try:
            before = json.loads((self.folder / ABOUT).read_text(encoding="utf-8"))
        except ValueError:
            before = {}
        changed = [key for key in about if before.get(key) != about[key]]
        if changed:
            raise PPMobileError(f"{self.folder}: {other(changed[0], before, about)}; --overwrite begins anew, or "
                                "choose another folder with --out FOLDER")
        return read(self.folder / TABLE) if (self.folder / TABLE).is_file() else []

    def measure(self, ratios=RATIOS):
        """Fill the table for all groups at these ratios; returns its rows.

        ConfigError for a ratio outside of 0 to below 1, and unless one is above 0: the whole net is measured anyhow.
        """
        for ratio in ratios:
            check_ratio(ratio, "--ratios")
        if not any(ratios):
            raise ConfigError("--ratios: needs a share above 0, for example 0.25 0.5")
        groups = {group.name: group for group in self.coupling.groups}
        if not groups:
            raise ConfigError("sensitivity: the net has no channels that can be cut")
        # the whole net stands under the first group's name
        wanted = [(next(iter(groups)), 0.0), *((name, ratio) for name in groups for ratio in sorted(set(ratios) - {0}))]
        known = {(row["group"], row["ratio"]) for row in self.rows}
        left = [one for one in wanted if one not in known]
        self.say(f"{len(self.coupling.groups)} groups, {len(wanted)} nets to measure on {len(self.split.dataset)} "
                 f"pictures, {len(wanted) - len(left)} are known already")
        for done, (name, ratio) in enumerate(left, 1):
            row = self._row(groups[name], ratio)
            self.rows.append(row)
            write_text(self.folder / TABLE, text(self.rows))
            told = f"{name} without {ratio:.0%}" if ratio else "the whole net"
            self.say(f"{done}/{len(left)} {told}: {row['metric']:.4f}")
        return self.rows

    def _row(self, group, ratio):
        """The row of a copy of the net without that share of one Group's channels."""
        model = copy.deepcopy(self.net.model)
        scores = {group.name: importance(model, self.coupling, group, self.kind)}
        mask = keep_mask(self.coupling, scores, {group.name: ratio}, multiple_of=1)
        macs, params = predicted(model, self.coupling, mask, self.net.counted)
        cut(model, self.coupling, mask)
        metric = evaluate(model, eval_loader(self.split.config, self.split.dataset), self.split.new_metric)
        return {"group": group.name, "width": group.width, "ratio": ratio, "metric": metric.result()[metric.main],
                "macs": macs, "params": params}

    def proposed(self, drop=DROP):
        """{group: share that may go at a loss of `drop` of it alone}."""
        return ratios_from_sensitivity(self.rows, drop)


def other(key, before, now):
    """In words that one key of what a table was measured with, a dict, was not what it is now."""
    if key == "pictures":
        return f"its table was measured on {before.get(key)} pictures, and now it would be {now[key]}"
    if key == "importance":
        return f"its table was measured with --importance {before.get(key)}, and now it would be {now[key]}"
    return f"its table was measured with another {key}"


def spread(items, count):
    """`count` of a list from all over it, all for 0."""
    if not count or count >= len(items):
        return list(items)
    return [items[place] for place in np.linspace(0, len(items) - 1, count).astype(int)]


def text(rows):
    """The table as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def read(file):
    """The rows of a table, numbers as such. ConfigError if it is damaged."""
    try:
        return read_sensitivity(file, {"width": int, "macs": int, "params": int})
    except ConfigError as error:
        raise ConfigError(f"{error}; --overwrite measures it anew") from error


def draw(rows, metric, png_path):
    """Draw the table: a line for each group, a column for each ratio, the loss in points as colour and number."""
    from matplotlib.colors import PowerNorm

    from ..explain.plots import new_figure, save

    whole = next(row["metric"] for row in rows if row["ratio"] == 0)
    names = list(dict.fromkeys(row["group"] for row in rows if row["ratio"] > 0))
    ratios = sorted({row["ratio"] for row in rows if row["ratio"] > 0})
    loss = np.full((len(names), len(ratios)), np.nan)
    for row in rows:
        if row["ratio"] > 0:
            loss[names.index(row["group"]), ratios.index(row["ratio"])] = 100 * (whole - row["metric"])
    figure = new_figure(2.2 + 0.6 * len(ratios), 0.8 + 0.19 * len(names), layout="constrained")
    axes = figure.subplots()
    top = max(1.0, float(np.nanmax(loss)))
    axes.imshow(np.clip(loss, 0, None), cmap="Reds", norm=PowerNorm(0.5, 0, top), aspect="auto")
    for (line, column), value in np.ndenumerate(loss):
        if np.isfinite(value):
            color = "white" if value > top / 3 else "black"
            axes.text(column, line, f"{value:.1f}", ha="center", va="center", fontsize=6, color=color)
    axes.set_xticks(range(len(ratios)), [f"{ratio:.0%}" for ratio in ratios])
    axes.set_yticks(range(len(names)), names, fontsize=6)
    # below the whole figure, for the columns alone may be narrower than the text
    figure.supxlabel(f"channels removed;\npoints of {metric} lost", fontsize=7)
    save(figure, png_path)
