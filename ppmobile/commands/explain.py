"""`ppmobile explain`: say what a config key means, its default, its value, and the file that set it."""

from .arguments import load_config, parser


def main(argv):
    """Print what is known of KEY."""
    arguments = parser("explain", __doc__.split(":")[1].strip(), config_required=False)
    arguments.add_argument("key", metavar="KEY", help="a dotted key, for example train.lr or model.backbone.scale")
    options = arguments.parse_args(argv)

    from ..explain.keys import explain

    print(explain(options.key, load_config(options) if options.config else None))
    return 0
