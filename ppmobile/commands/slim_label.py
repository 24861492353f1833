"""`ppmobile slim label MODEL PICTURES`: pseudo-labels for pictures without labels."""

from .arguments import parser, path


def main(argv):
    """Write the labels; print how many there are of each class, and the reader that reads them."""
    arguments = parser("slim label", "Label pictures by what a trained model is sure of, to train another one with.",
                       config=False)
    arguments.add_argument("model", type=path, metavar="MODEL", help="an artefact, a run's folder or a checkpoint")
    arguments.add_argument("pictures", type=path, metavar="PICTURES", help="the folder of pictures without labels")
    arguments.add_argument("--out", required=True, type=path, metavar="FOLDER", help="the folder for the labels")
    arguments.add_argument("--threshold", type=float, default=0.5, metavar="S",
                           help="least score of a class or box that becomes a label, 0 to 1; default 0.5")
    options = arguments.parse_args(argv)

    from ..slim.pseudo import label

    done = label(options.model, options.pictures, options.out, options.threshold)
    for name, reason in done.unreadable:
        print(f"{name}: not labelled: {reason}")
    counts = ", ".join(f"{name}: {count}" for name, count in sorted(done.counts.items()))
    print(f"{done.kept} of {done.pictures} pictures are labelled: {counts}")
    print(f"read them by {{{', '.join(f'{key}: {value}' for key, value in done.reader.items())}}}")
    return 0
