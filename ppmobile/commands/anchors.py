"""`ppmobile anchors`: find the anchor sizes that fit the boxes of a config's training data."""

import argparse

from .arguments import load_config, parser


def main(argv):
    """Print the anchors as a line for the config, and how well they and the config's own fit."""
    arguments = parser("anchors", __doc__.split(":")[1].strip())
    arguments.add_argument("--count", type=whole(1), default=9, metavar="NUMBER", help="how many (default: 9)")
    arguments.add_argument("--seed", type=whole(0), default=0, metavar="NUMBER",
                           help="another seed, other starting points (default: 0)")
    options = arguments.parse_args(argv)
    config = load_config(options)

    from ..data.anchors import box_sizes, find_anchors, fit
    from ..engine.datasets import open_split
    from ..transforms import Compose

    dataset = open_split(config, "train")
    sizes, pictures = box_sizes(dataset, Compose(config.transforms.eval, "transforms.eval"), options.seed)
    anchors = find_anchors(sizes, options.count, options.seed)
    print(f"{len(sizes)} boxes in {pictures} pictures, sizes in pixels of the net's input")
    present = config.model.head.get("anchors")
    compared = f"; with the config's anchors {fit(sizes, present):.3f}" if pairs(present) else ""
    shown = [[round(float(n), 1) for n in anchor] for anchor in anchors]
    print(f"mean IoU of a box and its best anchor: {fit(sizes, shown):.3f}{compared}\nmodel.head.anchors: {shown}")
    return 0


def pairs(anchors):
    """Whether an option's value is a list of (width, height), and not the name of some anchors, or nothing."""
    return isinstance(anchors, (list, tuple)) and len(anchors) > 0 and all(
        isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in anchors)


def whole(least):
    """An argument's type: a whole number of `least` or more."""
    def number(text):
        if not (text.isascii() and text.isdigit() and int(text) >= least):
            raise argparse.ArgumentTypeError(f"expected a whole number from {least} up, got {text!r}")
        return int(text)

    return number
