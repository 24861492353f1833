"""Pictures sorted into one folder a class: the simplest way to label, so it needs no list file."""

from pathlib import Path

from ..errors import DataError
from ..files import IMAGE_SUFFIXES, starting_point
from .base import READERS, Dataset

# OpenCV cannot decode a GIF, but a scan can then name the file, where passing it over would hide it.
PICTURE_SUFFIXES = frozenset((*IMAGE_SUFFIXES, ".gif"))


@READERS.register
class ImageFolder(Dataset):
    """`root/class/picture.jpg`; the classes are the folder names in sorted order.

    root: the folder of class folders; a relative one starts at the current directory. Pictures in
    sub-folders of a class belong to it. Hidden files and folders and other kinds of files are passed over.
    An empty class folder stays a class, so that a small validation folder keeps the labels of training.
    Raises DataError if there is no such folder, no class folder, or no picture.
    """

    def __init__(self, root):
        folder = Path(root).expanduser().absolute()
        if not folder.is_dir():
            raise DataError(f"{folder}: no such folder; give the folder that holds one folder of pictures a class"
                            f"{starting_point(root)}")
        self.root = str(folder)
        self.classes = sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
        if not self.classes:
            raise DataError(f"{folder}: holds no class folders; expected {folder.name}/CLASS/PICTURE.jpg")
        self.items = [
            {"path": str(path), "label": label}
            for label, name in enumerate(self.classes)
            for path in pictures_under(folder / name)
        ]
        if not self.items:
            suffixes = ", ".join(sorted(PICTURE_SUFFIXES))
            raise DataError(f"{folder}: no pictures in its {len(self.classes)} folders; known suffixes: {suffixes}")


def pictures_under(folder):
    """The picture files in `folder` and below as sorted Paths, without the hidden ones."""
    found = []
    for path in Path(folder).rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if is_picture(path) and not hidden:
            found.append(path)
    return sorted(found)


def is_picture(path):
    """Whether `path` is a file, not hidden, with the suffix of a picture."""
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".") and path.is_file()
