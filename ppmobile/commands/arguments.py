"""Arguments that several commands share."""

import argparse


def parser(name, description, config=True, config_required=True):
    """An ArgumentParser for `ppmobile NAME`, with -c and -o where the command reads a config."""
    made = argparse.ArgumentParser(prog=f"ppmobile {name}", description=description, allow_abbrev=False)
    if config:
        made.add_argument("-c", "--config", required=config_required, metavar="FILE", help="the config, a YAML file")
        made.add_argument("-o", "--override", nargs="+", action="extend", default=[], metavar="A.B=C",
                          help="change config keys, for example -o train.epochs=3 model.backbone.scale=0.5")
    return made


def path(text):
    """An argument's type: a path that is not empty, since "" would mean the current folder to pathlib."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the path is empty; give a file or a folder")
    return text


def load_config(options):
    """The checked Config of -c and -o."""
    from ..config import load

    return load(options.config, options.override)


def run_config(options):
    """The Config for a trained model: that of -c, else the one saved with -w, with -o on top."""
    from ..config import from_tree, load, merge_override
    from ..engine import checkpoint

    if options.config:
        return load(options.config, options.override)
    saved = checkpoint.load(options.weights)
    tree, origins = saved.meta["config"], {}
    for text in options.override:
        merge_override(tree, text, origins)
    return from_tree(tree, origins, saved.path)
