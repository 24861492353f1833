"""What a scan found in a dataset: findings, class counts and sizes, and the pictures that several parts share."""

import os
from collections import Counter
from dataclasses import dataclass

import numpy as np

from ..wording import display_width, padded
from .box_report import BoxReport, boxes_drawn_twice

SHOWN = 3  # findings of a kind, in the text
CLASSES_SHOWN = 20


@dataclass(frozen=True)
class Finding:
    """Something about one picture file. fatal: it cannot be trained on; otherwise it is a note."""

    path: str
    kind: str
    reason: str
    fatal: bool


class Report:
    """The outcome of `check.scan`.

    findings: list of Finding, in the order of the dataset. classes, counts: class names, and how many
    items (or boxes) carry each. sizes: (N, 2) width and height in pixels of the readable pictures.
    boxes: a BoxReport, None for a dataset that has none to have.
    hashes: {path: SHA-256 of the file}. total: number of items.
    """

    def __init__(self, dataset, facts):
        self.root, self.classes, self.total = str(dataset.root), list(dataset.classes), len(dataset.items)
        self._place = dataset.place
        labels = [(str(item["path"]), _labels_of(item)) for item in dataset.items]
        carried = Counter(label for _, own in labels for label in own)
        self.counts = [carried[i] for i in range(len(self.classes))]
        self.hashes = {path: fact["sha256"] for path, fact in facts.items() if fact["sha256"]}
        sizes = [(fact["width"], fact["height"]) for fact in facts.values() if fact["width"]]
        self.sizes = np.array(sizes, np.int64).reshape(-1, 2)
        self.findings = [Finding(path, *fault) for path, fact in facts.items() for fault in fact["faults"]]
        self.findings += self._wrong_labels(labels) + self._duplicates(dataset.items, labels)
        self.findings += _other_sizes(dataset.items, facts)
        self.findings += [Finding(path, kind, reason, False) for path, kind, reason in dataset.faulty]
        self.boxes = None
        if any("boxes" in item for item in dataset.items):
            self.boxes = BoxReport(dataset, facts)
            self.findings += [Finding(path, "box twice", reason, False)
                              for path, reason in boxes_drawn_twice(dataset.items)]

    def _wrong_labels(self, labels):
        last = len(self.classes) - 1
        return [
            Finding(path, "label out of range", f"label {label} is not in 0..{last}", True)
            for path, own in labels for label in own if not 0 <= label <= last
        ]

    def _duplicates(self, items, labels):
        first, found = {}, []
        for item, (path, own) in zip(items, labels):
            digest = self.hashes.get(path)
            if digest is None:
                continue
            if digest not in first:
                first[digest] = path, own, item.get("boxes")
                continue
            original, other, boxes = first[digest]
            same = "listed twice" if path == original else f"the same file as {self.short(original)}"
            if boxes is not None and not (own == other and np.array_equal(boxes, item["boxes"])):
                found.append(Finding(path, "label conflict", f"{same}, but with other boxes", False))
            elif own == other:
                found.append(Finding(path, "duplicate", same, False))
            else:
                reason = f"{same}, but labelled {self._names(own)} instead of {self._names(other)}"
                found.append(Finding(path, "label conflict", reason, False))
        return found

    @property
    def fatal(self):
        """The findings that make a picture unusable."""
        return [finding for finding in self.findings if finding.fatal]

    @property
    def notes(self):
        """The findings that training survives."""
        return [finding for finding in self.findings if not finding.fatal]

    def short(self, path):
        """`path` without the root of the dataset, where it lies under it."""
        return path[len(self.root) + 1 :] if self.root and path.startswith(self.root + os.sep) else path

    def where(self, path):
        """`short(path)` and, if a list file names it, the line there."""
        place = self._place(path)
        return f"{self.short(path)} ({place})" if place else self.short(path)

    def text(self):
        """A summary of several lines: classes, sizes, and each kind of finding with its first pictures."""
        unusable, notes = len({finding.path for finding in self.fatal}), len(self.notes)
        head = f"pictures: {self.total}, classes: {len(self.classes)}, unusable: {unusable}, notes: {notes}"
        boxes = self.boxes.lines() if self.boxes else []
        return "\n".join([head, *self._class_lines(), *self._size_lines(), *boxes, *self._finding_lines()])

    def _class_lines(self):
        if self.boxes is None:
            rows, titles = list(zip(self.classes, self.counts)), ("class", "count")
        else:
            rows, titles = self.boxes.rows(), ("class", "boxes", "pictures", "median px")
        cells = [titles, *([str(cell) for cell in row] for row in rows[:CLASSES_SHOWN])]
        width = max(display_width(row[0]) for row in cells)
        lines = ["  ".join([padded(name, width), *(cell.rjust(max(5, len(title))) for cell, title in
                                                   zip(rest, titles[1:]))]) for name, *rest in cells]
        if rows[CLASSES_SHOWN:]:
            hidden = [row[1] for row in rows[CLASSES_SHOWN:]]
            lines.append(f"and {len(hidden)} more classes with {min(hidden)} to {max(hidden)} each")
        return lines

    def _size_lines(self):
        if not len(self.sizes):
            return []
        low, middle, high = np.percentile(self.sizes, (0, 50, 100), axis=0).astype(int)
        names = ("width", "height")
        return [f"{name:<6}  {low[i]} to {high[i]} px, median {middle[i]}" for i, name in enumerate(names)]

    def _finding_lines(self):
        lines = []
        for fatal, title in ((True, "unusable"), (False, "note")):
            kinds = Counter(finding.kind for finding in self.findings if finding.fatal == fatal)
            for kind, count in kinds.most_common():
                lines.append(f"{title}: {kind}, {count}")
                chosen = [f for f in self.findings if f.kind == kind and f.fatal == fatal]
                lines += [f"    {self.where(f.path)}: {f.reason}" for f in chosen[:SHOWN]]
                lines += [f"    and {count - SHOWN} more"] if count > SHOWN else []
        return lines

    def _names(self, labels):
        known = {i: repr(name) for i, name in enumerate(self.classes)}
        return ", ".join(known.get(label, str(label)) for label in labels) or "nothing"


def leaks(reports):
    """Pictures of one part that are also in an earlier one, which makes its metric too good.

    reports: {part: Report}, training first. Returns a Finding of kind `leak` for each such picture; files
    count as the same if their bytes are.
    """
    first, found = {}, []
    for part, report in reports.items():
        for path, digest in report.hashes.items():
            home, original = first.setdefault(digest, (part, path))
            if home != part:
                reason = f"{part} holds the same file as {home}: {reports[home].short(original)}"
                found.append(Finding(path, "leak", reason, False))
    return found


def _other_sizes(items, facts):
    """Findings of kind `other size`: pictures that are not as large as their annotations say.

    Fatal if a box does not fit into the real picture, for then the boxes are certainly of another one.
    """
    found = []
    for item in items:
        path, stated = str(item["path"]), item.get("stated_size")
        real = facts[path]["width"], facts[path]["height"]
        if not stated or not real[0] or tuple(stated) == real:
            continue
        beyond = bool((item["boxes"][:, 2:] > np.float32(real)).any())
        reason = f"the annotations are for {stated[0]}x{stated[1]} pixels, the picture has {real[0]}x{real[1]}"
        found.append(Finding(path, "other size", f"{reason}{', and boxes lie outside' if beyond else ''}", beyond))
    return found


def _labels_of(item):
    """The class labels of an item as a list: that of the picture, or those of its boxes."""
    own = [item["label"]] if "label" in item else []
    return [int(label) for label in own + list(item.get("labels", ()))]
