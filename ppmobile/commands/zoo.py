"""`ppmobile zoo`: list, fetch and convert pretrained weights."""

from .arguments import parser


def main(argv):
    """`zoo list`, `zoo fetch NAME` or `zoo convert SOURCE TARGET`."""
    arguments = parser("zoo", __doc__.split(":")[1].strip(), config=False)
    actions = arguments.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="all models with published weights, and which of them are here")
    fetch = actions.add_parser("fetch", help="download published weights and print where they lie")
    fetch.add_argument("name", help="a name of `ppmobile zoo list`, for example PPLCNet_x1_0")
    fetch.add_argument("--variant", default="imagenet", choices=("imagenet", "ssld"), help="default: imagenet")
    convert = actions.add_parser("convert", help="write weights in another format; a run's get the official keys")
    convert.add_argument("source", help="a run's folder or checkpoint, or a .pdparams, .npz or .safetensors file")
    convert.add_argument("target", help="the new file: .pdparams, .npz or .safetensors")
    options = arguments.parse_args(argv)
    return {"list": list_models, "fetch": fetch_model, "convert": convert_weights}[options.action](options)


def list_models(options):
    """Print one line a model: its variants, a * behind those in the cache."""
    from ..zoo import cache_folder
    from ..zoo.weights import VARIANTS, table

    for name, entry in table().items():
        marks = [v + "*" * (cache_folder() / entry[v]["url"].rpartition("/")[2]).is_file()
                 for v in VARIANTS if v in entry]
        print(f"{name:<28} {', '.join(marks)}")
    print(f"* = in {cache_folder()}")
    return 0


def fetch_model(options):
    """Download if need be, and print the path."""
    from ..zoo import fetch

    print(fetch(options.name, options.variant))
    return 0


def convert_weights(options):
    """Read arrays and write them in the format of the target's suffix."""
    from pathlib import Path

    from ..arrays import read_arrays, write_arrays
    from ..engine.checkpoint import is_run
    from ..errors import CheckpointError

    if not Path(options.source).exists():
        raise CheckpointError(f"{options.source}: no such run or file of weights; give a run's folder, a checkpoint, "
                              "or a .pdparams, .npz or .safetensors file")
    arrays = official_arrays(options.source) if is_run(options.source) else read_arrays(options.source)
    write_arrays(Path(options.target), arrays)
    print(f"{options.target}: {len(arrays)} arrays")
    return 0


def official_arrays(run):
    """{official key: array} of a trained run; layers without an official name keep ours."""
    from ..engine.run import restore

    model, *_ = restore(run)
    names = model.official_names()
    return {names.get(key, key): value.numpy() for key, value in model.state_dict().items()}
