"""What the boxes of a dataset are like: how many of each class, how large, how long, and what is odd about them."""

import numpy as np

FEW = 20  # boxes of a class that are too few to learn it from
THIN = 4  # pixels of the net's input; of a box that is narrower or lower the net sees next to nothing
NAMED = 8  # classes that a line lists
SMALL, LARGE = 32 ** 2, 96 ** 2  # pixels, COCO's limits of medium objects (cocodataset.org/#detection-eval)


class BoxReport:
    """The boxes of a scanned detection dataset, in numbers and lines of text.

    sizes: (M, 2) width and height in pixels. labels: (M,) their classes. picture: (M,) the item each belongs to.
    shares: parts of their picture's area, of those whose picture could be read. empty: pictures without boxes.
    difficult, dropped: boxes that do not count, and boxes that the reader left out.
    """

    def __init__(self, dataset, facts):
        items = dataset.items
        self.classes, self.dropped = list(dataset.classes), dataset.dropped
        self.counts = np.array([len(item["boxes"]) for item in items])
        self.empty = int((self.counts == 0).sum())
        self.difficult = sum(int(item["difficult"].sum()) for item in items if item.get("difficult") is not None)
        boxes = np.concatenate([item["boxes"] for item in items]).astype(np.float64)
        self.sizes, self.labels = boxes[:, 2:] - boxes[:, :2], np.concatenate([item["labels"] for item in items])
        self.picture = np.repeat(np.arange(len(items)), self.counts)
        real = np.array([(facts[str(item["path"])]["width"], facts[str(item["path"])]["height"]) for item in items])
        area = real.astype(np.float64).prod(axis=1)[self.picture]
        self.shares = self.sizes.prod(axis=1)[area > 0] / area[area > 0]

    def rows(self):
        """[(class name, boxes, pictures that hold some, "width x height" in the median)] of all classes."""
        rows = []
        for label, name in enumerate(self.classes):
            own = self.labels == label
            middle = "{:.0f} x {:.0f}".format(*np.median(self.sizes[own], axis=0)) if own.any() else "-"
            rows.append((name, int(own.sum()), len(np.unique(self.picture[own])), middle))
        return rows

    def lines(self):
        """The lines that follow on the table of classes: counts, sizes, shares, shapes, and classes of few boxes."""
        lines = [f"boxes   {len(self.sizes)}, of them {self.difficult} difficult; left out as faulty: {self.dropped}; "
                 f"pictures without boxes: {self.empty}"]
        if len(self.sizes):
            lines += [self._size_line(), self._shape_line()]
        return lines + self._rare_lines()

    def _size_line(self):
        low, middle, high = np.percentile(self.sizes, (0, 50, 100), axis=0).round().astype(int)
        sides = [f"{low[i]} to {high[i]} px {name}, median {middle[i]}" for i, name in enumerate(("wide", "high"))]
        area = self.sizes.prod(axis=1)
        small, large = 100 * (area < SMALL).mean(), 100 * (area > LARGE).mean()
        return f"a box   {'; '.join(sides)}; {small:.0f} % below 32x32 px, {large:.0f} % above 96x96"

    def _shape_line(self):
        parts = []
        if len(self.shares):
            low, middle, high = 100 * np.percentile(self.shares, (5, 50, 95))
            parts.append(f"{low:.2g} to {high:.2g} % of its picture's area, median {middle:.2g}")
        low, middle, high = np.percentile(self.sizes[:, 0] / self.sizes[:, 1], (5, 50, 95))
        parts.append(f"width / height {low:.2g} to {high:.2g}, median {middle:.2g} (both without the outer 5 %)")
        return f"        {'; '.join(parts)}; {self.counts.max()} in the fullest picture"

    def _rare_lines(self):
        counts = np.bincount(self.labels[self.labels >= 0], minlength=len(self.classes))
        few = [f"{name} {count}" for name, count in zip(self.classes, counts) if 0 < count < FEW]
        none = [name for name, count in zip(self.classes, counts) if count == 0]
        return [f"{title}: {listed(names)}" for title, names in
                ((f"fewer than {FEW} boxes", few), ("no box at all", none)) if names]


def boxes_drawn_twice(items):
    """Yield (path, reason) of each picture in which a box of the same class stands twice at the same place."""
    for item in items:
        if len(item["boxes"]) < 2:
            continue
        rows = np.column_stack([item["labels"], item["boxes"]])
        kept, times = np.unique(rows, axis=0, return_counts=True)
        for row in kept[times > 1]:
            box = ", ".join(f"{number:.6g}" for number in row[1:])
            yield str(item["path"]), f"({box}) stands there {times[(kept == row).all(axis=1)][0]} times"


def input_line(sizes, owners):
    """A line on the widths and heights (N, 2) that boxes have in the net's input, and on those too small to be seen.

    owners: N names of their pictures.
    """
    low, middle, high = np.percentile(sizes, (5, 50, 95), axis=0).round().astype(int)
    sides = "; ".join(f"{low[i]} to {high[i]} px {name}, median {middle[i]}" for i, name in enumerate(("wide", "high")))
    line = f"in the net's input a training box is {sides} (without the outer 5 %)"
    thin = (sizes < THIN).any(axis=1)
    return line if not thin.any() else (
        f"{line}\ntoo small: {thin.sum()} of {len(sizes)} boxes are below {THIN} px wide or high there, the first in "
        f"{owners[int(thin.argmax())]}; take a larger input, or expect to miss them")


def listed(names):
    """The first names of a list, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
