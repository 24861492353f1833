"""`ppmobile split`: divide an image folder into train, val and test lists."""

import argparse
import math
from collections import Counter

from .arguments import Parser, path

SHOWN = 20  # classes whose counts, and names whose loss, fit into one line


def main(argv):
    """Write the lists; print their sizes, and what was left out, passed over or replaced."""
    options = arguments().parse_args(argv)

    from pathlib import Path

    from ..data.split import write_lists

    done = write_lists(options.root, options.out, options.ratios, options.seed)
    for name, labels in done.parts.items():
        print(f"{Path(options.out) / name}_list.txt: {len(labels)} pictures{by_class(labels, done.classes)}")
    if done.empty:
        print(f"left out, since there are no pictures in them: {some(done.empty)}")
    if done.loose:
        print(f"ignored, since they lie in no class folder: {some([path.name for path in done.loose])}")
    if done.replaced:
        print(f"replaced what lay there before: {some([path.name for path in done.replaced])}")
    return 0


def arguments():
    """The command's parser."""
    made = Parser(
        prog="ppmobile split",
        description="Write train_list.txt, val_list.txt, test_list.txt and labels.txt for a folder that holds one "
        "folder of pictures a class. Every class is divided by the same ratios; the pictures stay where they are.",
        allow_abbrev=False,
    )
    made.add_argument("root", type=path, help="the folder of class folders; the paths in the lists start here")
    made.add_argument("--out", required=True, type=path, help="the folder for the lists; older lists are replaced")
    made.add_argument("--ratios", nargs=3, default=[70, 20, 10], metavar=("TRAIN", "VAL", "TEST"), type=number,
                      help="sizes of the three parts, of any sum; 0 leaves a part empty (default: 70 20 10)")
    made.add_argument("--seed", type=seed, default=0, metavar="NUMBER",
                      help="another seed, another division (default: 0)")
    made.examples["--ratios"] = "80 20 0"
    return made


def by_class(labels, classes):
    """' (cats 30, dogs 29)' of the labels' classes; '' for an empty part."""
    held = Counter(labels)
    counts = [f"{name} {held[label]}" for label, name in enumerate(classes)]
    return f" ({some(counts)})" if labels else ""


def some(words):
    """The first 20 words, and how many more there are."""
    return ", ".join(words[:SHOWN]) + (f" and {len(words) - SHOWN} more" if len(words) > SHOWN else "")


def number(text):
    """An option's text, if it is a plain number: it stays text so that 0.1 is a tenth exactly."""
    try:
        finite = math.isfinite(float(text))
    except ValueError:
        finite = False
    if not finite:
        raise argparse.ArgumentTypeError(f"expected a number such as 70 or 0.7, got {text!r}")
    return text


def seed(text):
    """A whole number from 0 up."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 up, got {text!r}")
    return int(text)
