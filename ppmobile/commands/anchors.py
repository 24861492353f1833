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

    from ..data.anchors import box_sizes, find_anchors, fit, plain
    from ..engine.datasets import anchors_of, open_split, scanned
    from ..transforms import Compose

    dataset = scanned(config, open_split(config, "train"), "train")
    sizes, _, pictures = box_sizes(dataset, Compose(config.transforms.eval, "transforms.eval"), options.seed)
    anchors = find_anchors(sizes, options.count, options.seed)
    print(f"{len(sizes)} boxes in {pictures} pictures, sizes in pixels of the net's input")
    present, shown = anchors_of(config), plain(anchors)
    compared = f"; with the config's anchors {fit(sizes, present):.3f}" if present else ""
    print(f"mean IoU of a box and its best anchor: {fit(sizes, shown):.3f}{compared}\nmodel.head.anchors: {shown}")
    return 0


def whole(least):
    """An argument's type: a whole number of `least` or more."""
    def number(text):
        if not (text.isascii() and text.isdigit() and int(text) >= least):
            raise argparse.ArgumentTypeError(f"expected a whole number from {least} up, got {text!r}")
        return int(text)

    return number
