"""Which operator of a graph each primitive of oneDNN's report computes: found by kind, sizes and order."""

COUNTS = ("convolution", "deconvolution", "linear")  # kinds that must be found: they do the work
WEIGHT = 100  # one such match is worth more than any number of small ones near by


def join(operators, primitives):
    """For each Primitive the place of its Operator in the list, or None.

    The longest common sequence of keys is taken, since oneDNN drops operators (fused into their neighbour) and adds
    primitives (reorders). What does not fit that order, as in nets with branches, is matched with the next operator
    of the same key that is still free.
    """
    places = _common([op.key for op in operators], [one.key for one in primitives])
    free = {}
    for place in sorted(set(range(len(operators))) - set(places)):
        if operators[place].key and operators[place].key[0] in COUNTS:
            free.setdefault(operators[place].key, []).append(place)
    return [free[one.key].pop(0) if place is None and free.get(one.key) else place
            for place, one in zip(places, primitives)]


def missing(operators, places):
    """The Operators with MACs that no primitive was found for."""
    found = set(places)
    return [op for place, op in enumerate(operators) if op.macs and place not in found]


def in_order(places):
    """Whether the primitives ran in the order of the graph's operators."""
    found = [place for place in places if place is not None]
    return found == sorted(found)


def _common(left, right):
    """For each entry of `right` its partner's place in `left`, or None, in the heaviest common sequence of both.

    The textbook table: best[i][j] is the weight that the ends left[i:] and right[j:] have in common.
    """
    best = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i in reversed(range(len(left))):
        row, below = best[i], best[i + 1]
        for j in reversed(range(len(right))):
            row[j] = below[j + 1] + _weight(left[i]) if left[i] == right[j] else max(below[j], row[j + 1])
    found, i, j = [None] * len(right), 0, 0
    while i < len(left) and j < len(right):
        if left[i] == right[j]:
            found[j] = i
            i, j = i + 1, j + 1
        elif best[i + 1][j] >= best[i][j + 1]:
            i += 1
        else:
            j += 1
    return found


def _weight(key):
    return WEIGHT if key[0] in COUNTS else 1
