"""Arguments that several commands share."""

import argparse
import re


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that tells a mistake in one line on stderr, with what to write instead; exit status 2.

    examples: {"--option": values that it could have}, for the message on an option with too few of them.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.examples, self._given = {}, []

    def parse_args(self, args=None, namespace=None):
        """The options in `args`, a list of words; those that belong to none end the program with advice."""
        self._given = list(args or ())
        options, stray = self.parse_known_args(args, namespace)
        if stray:
            self.error(f"unrecognized arguments: {' '.join(stray)}{self._about(stray)}")
        return options

    def error(self, message):
        """Print `message` with advice in one line, and leave with status 2."""
        short = re.match(r"argument (?:(-\w)/)?(--[\w-]+): expected .*arguments?$", message)
        if short and short[2] in self.examples:
            message += f"; for example {short[1] or short[2]} {self.examples[short[2]]}"
        if re.search("(required: |give )-c", message):  # a config is wanted: perhaps it was given without -c
            message += self._about([word for word in self._given if word.endswith((".yml", ".yaml"))])
        command = self.prog.partition(" ")[2]
        self.exit(2, f"ppmobile: {command}: {' '.join(message.split())}; `{self.prog} --help` shows all options\n")

    def _about(self, words):
        """'; ...' on the first of `words` that looks like a config or an override, where the command takes them."""
        for word in words if "-c" in self._option_string_actions else ():
            if word.endswith((".yml", ".yaml")):
                return f"; did you mean -c {word}?"
            if "=" in word and not word.startswith("-"):
                return f"; it belongs behind -o, as in -o {word}"
        return ""


def parser(name, description, config=True, config_required=True):
    """A Parser for `ppmobile NAME`, with -c and -o where the command reads a config."""
    made = Parser(prog=f"ppmobile {name}", description=description, allow_abbrev=False)
    if config:
        made.add_argument("-c", "--config", required=config_required, metavar="FILE", help="the config, a YAML file")
        made.add_argument("-o", "--override", nargs="+", action="extend", default=[], metavar="A.B=C",
                          help="change config keys, for example -o train.epochs=3 model.backbone.scale=0.5")
        made.examples.update({"--override": "train.epochs=3", "--config": "config.yml"})
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
