"""Configs with a budget, for the tests of the search."""

import copy

from ppmobile.config import from_tree, load, to_dict


def wanted(trained, output, steps=(), **limits):
    """The Config of `trained` with a budget."""
    tree = to_dict(load(trained / "config.yml"))
    tree["slim"] = {"start": str(trained), "steps": list(steps), "budget": {"ms": 5.0, **limits}, "runs": 10}
    return from_tree({**copy.deepcopy(tree), "output": str(output)}, {}, "tiny")
