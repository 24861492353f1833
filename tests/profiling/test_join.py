"""Primitives and operators find each other by kind, sizes and order."""

from ppmobile.profiling.join import in_order, join, missing
from ppmobile.profiling.onednn import Primitive
from ppmobile.profiling.operators import Operator

CONV, OTHER = ("convolution", 1, 8, 8, 4, 4, 1), ("convolution", 8, 8, 8, 4, 4, 3)
ADD, RELU, REORDER = ("binary add", 1, 8, 4, 4), ("eltwise", 1, 8, 4, 4), ("reorder", 1, 8, 4, 4)


def graph(*keys):
    """Operators with these keys; those with a convolution's have MACs."""
    return [Operator(f"layer{i}", "", "other", key, 10 if key and key[0] == "convolution" else 0, 0)
            for i, key in enumerate(keys)]


def ran(*keys):
    """Primitives with these keys."""
    return [Primitive(key[0], key, "f32", 1.0) for key in keys]


def test_fused_operators_and_added_reorders_are_left_over():
    ops = graph(CONV, None, RELU, OTHER, None, ADD, CONV)  # the first two of each: batch norm, an activation
    places = join(ops, ran(REORDER, CONV, OTHER, REORDER, ADD, CONV))
    assert places == [None, 0, 3, None, 5, 6]
    assert missing(ops, places) == [] and in_order(places)


def test_work_counts_more_than_small_things():
    # one convolution in line is worth more than many additions that are not
    places = join(graph(CONV, *[ADD] * 5), ran(*[ADD] * 5, CONV))
    assert places[-1] == 0 and places[:-1] == [None] * 5


def test_branches_in_another_order_are_still_found():
    ops = graph(CONV, OTHER)
    places = join(ops, ran(OTHER, CONV))
    assert sorted(places) == [0, 1] and [ops[p].key for p in places] == [OTHER, CONV]
    assert not in_order(places) and missing(ops, places) == []


def test_a_layer_that_did_not_run_is_missing():
    ops = graph(CONV, OTHER, CONV)
    places = join(ops, ran(CONV, CONV))
    assert [op.path for op in missing(ops, places)] == ["layer1"]
    assert join(ops, []) == [] and join([], ran(CONV)) == [None]
