"""What is still read behind each layer, on a graph drawn by hand."""

from types import SimpleNamespace

from ppmobile.export.frontier import frontiers


def operator(inputs, outputs):
    """An operator of a Graph."""
    return SimpleNamespace(input_arg_names=list(inputs), output_arg_names=list(outputs))


#   image - a - b ------ out0
#            \   \ (t is no layer's)
#             c - t+c = d - out1       e: nobody reads it
GRAPH = SimpleNamespace(ops=[operator(["image"], ["a"]), operator(["a"], ["b"]), operator(["b"], ["out0"]),
                             operator(["a"], ["c"]), operator(["b"], ["t"]), operator(["a"], ["e"]),
                             operator(["t", "c"], ["d"]), operator(["d"], ["out1"])],
                        outputs=["out0", "out1"])


def test_each_frontier_holds_what_later_operators_and_answers_need():
    assert frontiers(GRAPH, ["a", "b", "c", "e", "d"]) == [
        ["a"], ["a", "b"], ["a", "b", "c"], ["b", "c", "e"], ["b", "d"]]


def test_layers_that_a_library_does_not_know_are_passed_through():
    assert frontiers(GRAPH, ["a", "c"]) == [["a"], ["a", "c"]]  # b is computed from a, and d from that
    assert frontiers(GRAPH, []) == []
