"""What a cut changed, as a table for the terminal: widths, multiply-accumulates, parameters."""

import math

DIGITS = 4  # that count, of a number in a table


def cut_table(before, after, was, now):
    """Lines of text. before, after: {group name: width}; was, now: the Counts of the net."""
    changed = [name for name in before if after[name] != before[name]]
    wide = max([len("multiply-accumulates"), *map(len, changed)])
    rows = [f"{name:<{wide}}  {before[name]:>5} -> {after[name]:>5}" for name in changed] or ["nothing was cut"]
    for title, old, new in (("multiply-accumulates", was.macs, now.macs), ("parameters", was.params, now.params)):
        rows.append(f"{title:<{wide}}  {millions(old)} M -> {millions(new)} M ({new / old - 1:+.1%})")
    return "\n".join(rows)


def millions(number):
    """A count in millions as text: all digits before the point, and four that count: 5.707, 0.05710, 1234."""
    value = number / 1e6
    size = math.floor(math.log10(value)) if value > 0 else 0
    return f"{value:.{max(0, DIGITS - 1 - size)}f}"
