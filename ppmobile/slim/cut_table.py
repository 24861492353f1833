"""What a cut changed, as a table for the terminal: widths, multiply-accumulates, parameters."""


def cut_table(before, after, was, now):
    """Lines of text. before, after: {group name: width}; was, now: the Counts of the net."""
    changed = [name for name in before if after[name] != before[name]]
    wide = max([len("multiply-accumulates"), *map(len, changed)])
    rows = [f"{name:<{wide}}  {before[name]:>5} -> {after[name]:>5}" for name in changed] or ["nothing was cut"]
    for title, old, new in (("multiply-accumulates", was.macs, now.macs), ("parameters", was.params, now.params)):
        rows.append(f"{title:<{wide}}  {old / 1e6:.2f} M -> {new / 1e6:.2f} M ({new / old - 1:+.1%})")
    return "\n".join(rows)
