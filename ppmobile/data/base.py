"""What every dataset offers: class names, a length, and a Sample for an index."""

from ..files import read_image
from ..registry import Registry
from .frame import whole
from .sample import Sample

READERS = Registry("reader", "ppmobile.data")
ABOUT_BOXES = ("areas", "stated_size")  # what an item says of its boxes beyond what a Sample holds


class Dataset:
    """Pictures on disk with labels. A reader fills `classes` and `items`; the rest follows.

    classes: list of class names in label order. items: list of dicts with `path` and any of the label
    fields of Sample. root: the folder that paths in messages are relative to. bad: {index: reason} of
    items that a scan found unreadable and that `data.max_bad` allows to skip. faulty: (path, kind, reason) of
    boxes that the reader left out or cut; dropped: how many it left out.
    """

    classes = ()
    items = ()
    root = ""
    bad = {}
    faulty = ()
    dropped = 0

    def __len__(self):
        return len(self.items)

    def load(self, index):
        """The Sample at `index`, decoded. DataError names the file if it cannot be read."""
        item = {key: value for key, value in self.items[index].items() if key not in ABOUT_BOXES}
        return whole(Sample(image=read_image(item["path"]), index=index, **item))

    @property
    def paths(self):
        """The picture files in order."""
        return [item["path"] for item in self.items]

    def place(self, path):
        """The line of a list file that names `path`, as a message says it; '' where there is no list."""
        return ""
