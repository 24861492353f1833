"""Runs Paddle Lite's optimiser on one graph; a program of its own, because Opt aborts on what it does not know.

It needs paddlelite alone, so that another Python than that of ppmobile can run it.
"""

import sys


def main(model, weights, out, target):
    """Write the .pdmodel file `model` with its .pdiparams `weights` as OUT.nb for "arm" or "x86"."""
    from paddlelite.lite import Opt

    opt = Opt()
    opt.set_model_file(model)
    opt.set_param_file(weights)
    opt.set_valid_places(target)
    opt.set_model_type("naive_buffer")
    opt.set_optimize_out(out)
    opt.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
