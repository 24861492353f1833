"""Pictures named in a list file, `path label` a line: the format of ImageNet, PaddleClas and PaddleX."""

import os
from pathlib import Path

from ..errors import DataError
from ..files import starting_point
from .base import READERS, Dataset

PARTS = ("train", "val", "test")  # the lists that ppmobile writes are called PART_list.txt


@READERS.register
class ImageList(Dataset):
    """The pictures under `root` that `file` lists, one `path label` a line, the label an integer from 0.

    root: the folder that the paths in the list start from. file: the list; looked for under `root`, then
    from the current directory. labels: class names in label order, one `name` or one `id name` a line;
    looked for beside the list, then like the list. Relative options start at the current directory.
    Raises DataError, with file and line, for a line or label that cannot be right, and if none of the
    pictures is there. A few missing ones are left to the scan (`data.max_bad` decides), or to `load`.
    """

    def __init__(self, root, file, labels="labels.txt"):
        folder = Path(root).expanduser().absolute()
        if not folder.is_dir():
            raise DataError(f"{folder}: no such folder; `root` must be the folder that the listed paths start from"
                            f"{starting_point(root)}")
        self.root = str(folder)
        self.file = find_file(file, [folder, Path.cwd()], "the list of pictures")
        names = find_file(labels, [self.file.parent, folder, Path.cwd()], "the list of class names")
        self.classes = read_names(names)
        self.items = []
        for line, path, label in read_list(self.file):
            if not 0 <= label < len(self.classes):
                raise DataError(
                    f"{self.file}, line {line}: label {label} is not in 0..{len(self.classes) - 1}; "
                    f"correct it or add the class to {names}"
                )
            self.items.append({"path": os.path.join(self.root, path), "label": label})
        self._require_some()

    def _require_some(self):
        if not self.items:
            raise DataError(f"{self.file}: lists no pictures; expected lines of `path label`")
        if not any(os.path.isfile(path) for path in self.paths):
            raise DataError(
                f"0 of {len(self)} images found under {self.root}; first missing: {self.paths[0]} "
                f"({self.file.name}, line {next(read_list(self.file))[0]}); is the root wrong?"
            )

    def place(self, path):
        """`train_list.txt, line 7`, where `path` is listed; '' if it is not.

        The list is read again for it: messages are rare, and a million line numbers need not be kept.
        """
        for line, listed, _ in read_list(self.file):
            if os.path.join(self.root, listed) == path:
                return f"{self.file.name}, line {line}"
        return ""


def find_file(name, folders, what):
    """The file `name` in the first of `folders` that has it, as a Path. DataError lists where it was sought."""
    candidates = list(dict.fromkeys(folder / Path(name).expanduser() for folder in folders))
    for path in candidates:
        if path.is_file():
            return path
    sought = ", ".join(str(path) for path in candidates)
    raise DataError(f"{what} {str(name)!r} is missing; looked for {sought}{starting_point(name)}")


def read_lines(path):
    """(line number from 1, text) of each line with text; a byte order mark and CRLF are accepted.

    Only line feeds end a line: a file name may hold other characters that Unicode calls line ends.
    Raises DataError if the file is not UTF-8.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DataError(f"{path}, line {line}: is not UTF-8; save the file as UTF-8 text") from error
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line.rstrip("\r")


def read_list(path):
    """(line number, picture path, label) of each line of a list file; DataError for a line of another form.

    The label is the last field, so that a path may hold spaces; `\\` in a path is read as `/`.
    """
    for number, line in read_lines(path):
        fields = line.rsplit(None, 1)
        if len(fields) != 2:
            raise DataError(f"{path}, line {number}: expected `path label`, got {line.strip()!r}; add the label")
        try:
            label = int(fields[1])
        except ValueError:
            raise DataError(
                f"{path}, line {number}: label {fields[1]!r} is not an integer; "
                "write the position of the class in the list of class names, counted from 0"
            ) from None
        yield number, fields[0].replace("\\", "/"), label


def read_names(path):
    """Class names in label order from lines of `name`, or all of `id name` with ids 0..N-1 in any order."""
    lines = [(number, line.strip()) for number, line in read_lines(path)]
    if not lines:
        raise DataError(f"{path}: holds no class names; write one a line, in label order")
    fields = [line.split(None, 1) for _, line in lines]
    if not all(len(field) == 2 and field[0].isascii() and field[0].isdigit() for field in fields):
        return [line for _, line in lines]
    names = {}
    for (number, line), (identity, name) in zip(lines, fields):
        if int(identity) >= len(lines) or int(identity) in names:
            raise DataError(f"{path}, line {number}: {line!r}: ids must be 0 to {len(lines) - 1}, each of them once")
        names[int(identity)] = name
    return [names[i] for i in range(len(lines))]
