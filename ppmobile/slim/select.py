"""How many channels of each group are kept, and which: from ratios by layer, or solved for a target."""

import csv
import fnmatch
import math
from pathlib import Path

import numpy as np

from ..errors import ConfigError
from ..wording import reason, suggestion

FINEST = 40  # halvings of the range in which a target is looked for
STRONGEST = 64.0  # the largest power that a target may raise the kept shares to


def kept_width(width, ratio, multiple_of=8):
    """How many of `width` channels stay if the share `ratio` goes: rounded up to a multiple, at most all of them."""
    steps = math.ceil(width * (1 - ratio) / multiple_of - 1e-9)  # 0.7 of 80 is 56, not 56.00000000000001
    return min(width, max(1, steps) * multiple_of)


def best(scores, count):
    """Places of the `count` highest scores, in their order; of equal ones the first."""
    return np.sort(np.argsort(-scores, kind="stable")[:count])


def keep_mask(coupling, scores, ratios, multiple_of=8):
    """(coupling.count,) bool: the channels that stay.

    scores: {group name: (width,)}. ratios: {group name: share that goes}; other groups stay whole.
    """
    keep = np.ones(coupling.count, bool)
    for group in coupling.groups:
        if ratios.get(group.name, 0) > 0:
            keep[group.atoms] = False
            keep[group.atoms[best(scores[group.name], kept_width(group.width, ratios[group.name], multiple_of))]] = True
    return keep


def means(pattern, path):
    """Whether a pattern, a path with * and ? or the start of one, means a layer."""
    return fnmatch.fnmatchcase(path, pattern) or path.startswith(f"{pattern}.")


def chosen(coupling, patterns, place):
    """{pattern: names of its Groups}: those that a layer makes which the pattern means.

    place: the option that holds the patterns, for messages. ConfigError for a pattern that means no layer, or only
    layers that cannot be cut, with the reason.
    """
    found = {}
    for pattern in patterns:
        found[pattern] = [group.name for group in coupling.groups
                          if means(pattern, group.name) or any(means(pattern, path) for path in group.producers)]
        if not found[pattern]:
            raise ConfigError(f"{place}.{pattern}: {_fault(coupling, pattern)}")
    return found


def _fault(coupling, pattern):
    """Why a pattern gives nothing to cut."""
    paths = [path for path in coupling.outputs if means(pattern, path)]
    if not paths:
        near = suggestion(pattern, coupling.outputs) or f" Known: {', '.join(list(coupling.outputs)[:6])}, ..."
        return f"no convolution or linear layer is called so.{near}"
    for path in paths:
        if path in coupling.fixed:
            return f"{path} cannot be cut, because {coupling.fixed[path]}"
    atoms = coupling.outputs[paths[0]]
    makers = [group.name for group in coupling.groups if np.isin(atoms, group.atoms).any()]
    return f"{paths[0]} has the channels of {', '.join(makers)}; name that layer"


def ratios_by_pattern(coupling, ratios, others, exclude=()):
    """{group name: share that goes}: by the first pattern of `ratios` that means it, else by `others`; 0 if excluded.

    ConfigError for a share outside of 0 (with) to 1 (without), and as of `chosen`.
    """
    for pattern, share in ratios.items():
        check_ratio(share, f"ratios.{pattern}")
    check_patterns(coupling, exclude, "exclude")
    named, found = chosen(coupling, ratios, "ratios"), {}
    for group in coupling.groups:
        shares = [ratios[pattern] for pattern in ratios if group.name in named[pattern]]
        left = any(means(pattern, path) for pattern in exclude for path in group.producers)
        found[group.name] = 0.0 if left else (shares or [others[group.name]])[0]
    return found


def check_patterns(coupling, patterns, place):
    """ConfigError for a pattern that means no layer; one that cannot be cut anyway may be meant."""
    for pattern in patterns:
        if not any(means(pattern, path) for path in coupling.outputs):
            raise ConfigError(f"{place}: {pattern}: {_fault(coupling, pattern)}")


def check_ratio(share, place):
    """ConfigError unless `share` is a number from 0 to below 1."""
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share < 1:
        raise ConfigError(f"{place}: must be the share of channels to remove, from 0 to below 1, got {share!r}")


def ratios_from_sensitivity(rows, drop):
    """{group name: largest share that goes at a loss of at most `drop`}, between measured ratios in proportion.

    rows: [{"group", "ratio", "metric"}] of a sensitivity table, metric 0 to 1; a row of ratio 0 is the whole net.
    Beyond the largest measured ratio nothing is proposed. A ratio counts only if all smaller ones cost no more.
    """
    tables = {}
    for row in rows:
        tables.setdefault(row["group"], []).append((float(row["ratio"]), float(row["metric"])))
    whole = [metric for table in tables.values() for ratio, metric in table if ratio == 0]
    if not whole:
        raise ConfigError("sensitivity: the table has no row of ratio 0, which the others are compared with")
    return {name: _crossing(sorted({(0.0, whole[0]), *table}), whole[0] - drop) for name, table in tables.items()}


def read_sensitivity(file, more={}):  # noqa: B006 (never changed)
    """The rows of a sensitivity table, a CSV file with the columns group, ratio, metric. ConfigError if it is none.

    more: {other column that must be there: type of its numbers}.
    """
    kinds = {"group": str, "ratio": float, "metric": float, **more}
    try:
        with Path(file).open(encoding="utf-8", newline="") as lines:
            return [{key: kind(row[key]) for key, kind in kinds.items()} for row in csv.DictReader(lines)]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"sensitivity: {file} is no table of {', '.join(kinds)} ({reason(error)}); "
                          "`ppmobile slim sensitivity` writes one") from error


def _crossing(table, least):
    """The ratio up to which the metric of a table [(ratio, metric)] stays at `least` or above."""
    reached = table[0][0]
    for (low, before), (high, after) in zip(table, table[1:]):
        if after < least:
            return low + (high - low) * max(0.0, before - least) / (before - after)
        reached = high
    return reached


def stronger(ratios, power):
    """The ratios with each kept share raised to `power`: 0 keeps all, 1 changes nothing, more cuts more.

    They stay below 1, as ratios must: one step of a layer is kept anyhow.
    """
    return {name: min(1 - (1 - ratio) ** power, math.nextafter(1, 0)) for name, ratio in ratios.items()}


def solve(cost, limit, halvings=FINEST):
    """The least power, as of `stronger`, at which cost(power), which falls, is at most `limit`; None if none is.

    halvings: how often the range is halved, which is how often the cost is asked for.
    """
    if cost(0.0) <= limit:
        return 0.0
    if cost(STRONGEST) > limit:
        return None
    low, high = 0.0, STRONGEST / (1 + STRONGEST)  # of power / (1 + power), whose first half is powers up to 1
    for _ in range(halvings):
        middle = (low + high) / 2
        low, high = (low, middle) if cost(middle / (1 - middle)) <= limit else (middle, high)
    return high / (1 - high)
