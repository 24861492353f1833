"""Which layers' outputs together stand for all that a graph has computed up to a layer.

A detector branches: behind a wrong layer lie others, of another branch, that are right. What all later operators read
does differ from the wrong layer on, so that halving finds it.
"""


def frontiers(graph, variables):
    """For each of `variables`, layers' outputs in the order of execution: a list of those up to it that are still read.

    Still read means: by an operator behind it, or as an answer of the Graph, perhaps through variables that are no
    layer's output. The variable itself is always among them, as the last one.
    """
    position = {name: number for number, name in enumerate(variables)}
    last_use = _last_uses(graph, position)
    return [[name for name in variables[:number] if last_use[name] > number] + [variable]
            for number, variable in enumerate(variables)]


def _last_uses(graph, position):
    """{variable: position of the last layer's output that is computed from it directly}; behind all for an answer."""
    last_use = dict.fromkeys(position, -1)
    origins = {}  # {variable of the graph: the layers' outputs that it is computed from directly}
    for op in graph.ops:
        read = set().union(*(origins.get(name, ()) for name in op.input_arg_names))
        for name in op.output_arg_names:
            origins[name] = {name} if name in position else read
            for origin in read if name in position else ():
                last_use[origin] = max(last_use[origin], position[name])
    for name in graph.outputs:
        last_use.update(dict.fromkeys(origins.get(name, ()), len(position)))
    return last_use
