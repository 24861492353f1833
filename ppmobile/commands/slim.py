"""`ppmobile slim`: make a trained model smaller and faster, and measure what that costs."""

import importlib

from .arguments import parser

WAYS = {  # and the module that does it
    "run": ("slim_run", "the steps of a config's section slim, one after the other, measured"),
    "prune": ("slim_step", "cut channels"),
    "slimming": ("slim_step", "train with a penalty on batch norm scales, then cut where they vanish"),
    "distill": ("slim_step", "train with a teacher"),
    "qat": ("slim_step", "train in simulated int8"),
    "finetune": ("slim_step", "train on"),
    "ptq": ("slim_ptq", "int8 after training: an artefact is calibrated with real pictures"),
    "label": ("slim_label", "write pseudo-labels: what a model is sure of on pictures without labels"),
    "layers": ("slim_layers", "the noise that int8 adds in each layer, and which to keep in float"),
    "sensitivity": ("slim_sensitivity", "what the metric loses when each group of layers is cut"),
    "budget": ("slim_budget", "the best net within so many milliseconds"),
}


def main(argv):
    """Run one way of making a model cheaper; its exit status."""
    ways = parser("slim", __doc__.split(":", 1)[1].strip(), config=False)
    ways.add_argument("way", choices=WAYS, help="; ".join(f"{name}: {meaning}" for name, (_, meaning) in WAYS.items())
                      + "; `ppmobile slim WAY --help` tells more")
    way = ways.parse_args(argv[:1]).way
    module = importlib.import_module(f".{WAYS[way][0]}", __package__)
    return module.main(way, argv[1:]) if WAYS[way][0] == "slim_step" else module.main(argv[1:])
