"""How strongly a net must be cut to meet a target: a share of its MACs or parameters, or a measured time."""

import copy
import functools

from ..errors import ConfigError
from ..predict.runtimes import NAMES, status
from ..profiling.macs import count
from ..profiling.net import run_time, short_export
from ..wording import show, suggestion
from .cut import cut, predicted
from .select import FINEST, STRONGEST, solve

GOALS = ("macs", "params", "ms")
RUNS = 30  # of a candidate whose time is measured
HALVINGS = 6  # measured candidates after the weakest and the strongest cut
RUNTIME = "paddle-fp32"


def check_target(target):
    """ConfigError unless `target` is {}, {macs: share}, {params: share}, or {ms: time} with perhaps a runtime."""
    goals = [key for key in target if key != "runtime"]
    for key in goals:
        if key not in GOALS:
            raise ConfigError(f"target.{key}: unknown.{suggestion(key, GOALS)} Known: {', '.join(GOALS)}, and runtime "
                              "beside ms")
    if target and len(goals) != 1 or "runtime" in target and goals != ["ms"]:
        raise ConfigError(f"target: wants one of {', '.join(GOALS)}, and runtime only beside ms; got {show(target)}")
    for key in goals:
        value, top = target[key], float("inf") if key == "ms" else 1
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= top:
            what = "milliseconds above 0" if key == "ms" else "the share to keep, above 0 and up to 1"
            raise ConfigError(f"target.{key}: must be {what}, got {show(value)}")
    runtime = target.get("runtime", RUNTIME)
    if runtime not in NAMES:
        raise ConfigError(f"target.runtime: unknown runtime {show(runtime)}."
                          f"{suggestion(runtime, NAMES)} Known: {', '.join(NAMES)}")
    if runtime.endswith("int8"):
        raise ConfigError(f"target.runtime: {runtime}: a net that is being cut is not quantized yet; name a runtime in "
                          "fp32 or bf16, or use `ppmobile slim budget`, which times each cut in int8")


def power_for(target, model, coupling, keep, image_size, context):
    """The power, as of select.stronger, at which the cut net meets the `target`.

    keep: the function from a power to the mask of the channels that stay. ConfigError if the strongest cut does not.
    """
    goal = next(key for key in target if key != "runtime")
    if goal == "ms":
        limit, unit, halvings = target["ms"], "ms", HALVINGS

        def cost(power):
            return _measured(model, coupling, keep(power), target.get("runtime", RUNTIME), context)
    else:
        place, now = GOALS.index(goal), count(model, (1, 3, *image_size))
        whole, halvings = (now.macs, now.params)[place], FINEST
        limit, unit = target[goal] * whole, goal

        def cost(power):
            return predicted(model, coupling, keep(power), now)[place]

    cost = functools.lru_cache(maxsize=None)(cost)  # the message asks again for the strongest cut
    power = solve(cost, limit, halvings)
    if power is None:
        raise ConfigError(f"target.{goal}: {target[goal]} cannot be met by the layers that may be cut, whose strongest "
                          f"cut leaves {cost(STRONGEST):.4g} {unit} where {limit:.4g} are wanted; raise it, or exclude "
                          "less")
    return power


def _measured(model, coupling, mask, runtime, context):
    """Milliseconds of a copy of the net, cut to `mask`, on a runtime."""
    candidate = copy.deepcopy(model)
    candidate.structure = dict(model.structure)
    cut(candidate, coupling, mask)
    with short_export(candidate, context.config, context.classes, runtime) as artefact:
        reason = status(runtime, artefact)
        if reason:
            raise ConfigError(f"target.runtime: {runtime} cannot time a net that is being cut: {reason}")
        ms = run_time(artefact, runtime, context.config.slim.threads if context.config.slim else 1, RUNS)
    context.say(f"{ms:.2f} ms on {runtime} with {int(mask.sum())} of {len(mask)} channels")
    return ms
