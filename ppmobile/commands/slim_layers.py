"""`ppmobile slim layers ARTEFACT`: how much noise int8 adds in each layer, and which layers to keep in float."""

from .arguments import parser, path


def main(argv):
    """Print the layers, the worst first, and the list that keep_float would take; write them as CSV on request."""
    arguments = parser("slim layers", "The signal-to-quantization-noise ratio of each layer of an exported model.",
                       config_required=False)
    arguments.add_argument("artefact", type=path, metavar="ARTEFACT",
                           help="the folder that an export wrote; without int8 files, ranges are taken from the "
                                "pictures")
    arguments.add_argument("--pictures", type=path, metavar="FOLDER", help="real pictures, instead of those of -c")
    arguments.add_argument("--count", type=int, default=12, help="how many pictures, default 12")
    arguments.add_argument("--csv", type=path, metavar="FILE", help="write the table there, too")
    options = arguments.parse_args(argv)
    if options.count < 1:
        arguments.error("--count must be at least 1")
    if bool(options.pictures) == bool(options.config):
        arguments.error("give -c CONFIG or --pictures FOLDER, one of them")

    from ..artefact import read
    from ..config import load
    from ..slim import sqnr
    from ..slim.pictures import take

    artefact = read(options.artefact)
    config = load(options.config, options.override) if options.config else None
    images = take(artefact, options.count, config, options.pictures).images
    rows = sqnr.compare(artefact.folder, sqnr.int8_graph(artefact, images), images)
    print("\n".join(sqnr.table(rows)))
    if options.csv:
        sqnr.write_csv(rows, options.csv)
    return 0
