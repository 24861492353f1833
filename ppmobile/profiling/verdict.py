"""What the figures of a benchmark mean: sentences with reasons, drawn from the figures and the CPU's features alone."""

from .latency import BASE

INT8 = ("avx512_vnni", "avx_vnni", "amx_int8", "asimddp")  # instructions that make int8 fast
BF16 = ("avx512_bf16", "amx_bf16", "bf16")
SAME = 0.05  # ratios nearer to 1 than this are no difference
NOISY = 0.10  # coefficient of variation from which a warning is due
WIDE = 0.25  # (p90 - p10) / median; 2.56 standard deviations of a normal distribution, so about as noisy
# from which on these are a reason: shares of the layers, of a run, of the layers' time; milliseconds (below), ratio
FLOATS, BETWEEN, DEPTHWISE, SMALL, MUCH = 0.25, 0.3, 0.3, 2.0, 1.5


def judge(features, rows, details=None):
    """Sentences on the rows of latency.bench of one artefact.

    features: frozenset of the CPU's features, None where unknown. details: what is known of the layers,
    {"float_layers": (n, of m) in paddle-int8, "depthwise": share of the layers' time in paddle-fp32, "between": the
    share of its run outside of layers}; any may be missing.
    """
    details = details or {}
    good = [row for row in rows if not row["reason"]]
    if not good:
        return ["nothing could run here; the reasons stand in the table"]
    by_name = {row["runtime"]: row for row in good}
    base, lines = by_name.get(BASE), []
    fastest = min(good, key=lambda row: row["median_ms"])
    lines.append(_fastest(fastest, base, features))
    for row in good if base else ():
        if row is not base and row is not fastest:
            lines.append(_against(row, by_name, features, details))
    return [line for line in [*lines, *_drop(good, base), *_noise(good)] if line]


def _fastest(row, base, features):
    if base is None:
        return f"{row['runtime']} is the fastest here, {row['median_ms']:.2f} ms; without {BASE} there are no ratios"
    if row is base:
        return f"{BASE} is the fastest here, {row['median_ms']:.2f} ms"
    return (f"{row['runtime']} is the fastest here, {row['median_ms']:.2f} ms, {_times(row['ratio'])} as fast as {BASE}"
            f"{_because(_helps(row['runtime'], features))}")


def _against(row, by_name, features, details):
    """How a runtime compares with paddle-fp32, and where it is not faster, with the reason known."""
    name, ratio = row["runtime"], row["ratio"]
    library, precision = name.split("-")
    if ratio > 1 + SAME:
        line = f"{name} is {_times(ratio)} as fast as {BASE}{_because(_helps(name, features))}"
    elif ratio >= 1 - SAME:
        line = f"{name} is as fast as {BASE}"
    else:
        line = f"{name} is slower than {BASE}, {_times(ratio)} as fast"
    if library == "lite":
        return f"{line}; Paddle Lite is made for ARM, and runs on x86 to check answers, not for speed"
    own = by_name.get(f"{library}-fp32")
    pays = own is None or own is row or row["median_ms"] < (1 - SAME) * own["median_ms"]
    if precision == "fp32" or pays:
        return line
    against = "" if own["runtime"] == BASE else f"; beside {own['runtime']} it gains nothing"
    return f"{line}{against}: {_hindrance(row, features, own, details)}"


def _helps(name, features):
    """The CPU's features that a runtime's precision lives on, [] if none is known."""
    wanted = {"int8": INT8, "bf16": BF16}.get(name.split("-")[1], ())
    return [feature for feature in wanted if feature in (features or ())]


def _hindrance(row, features, own, details):
    """Why a lower precision does not pay beside fp32 of its library (the row `own`), as far as the figures tell."""
    library, precision = row["runtime"].split("-")
    if features is not None and not _helps(row["runtime"], features):
        wanted = INT8 if precision == "int8" else BF16
        named = " or ".join(feature for feature in wanted if _family(feature) == _family_of(features))
        return f"the CPU has no {named}"
    reasons = list(_reasons_of_paddle(precision, details)) if library == "paddle" else []
    if not reasons and own["median_ms"] < SMALL and row["median_ms"] < MUCH * own["median_ms"]:
        reasons.append(f"the net is small ({own['median_ms']:.2f} ms), so that conversions between layers weigh much")
    advice = "; ppmobile profile shows the layers" if library == "paddle" else ""
    return " and ".join(reasons) or f"the figures tell no reason{advice}"


def _reasons_of_paddle(precision, details):
    """What the layers, which were timed on Paddle, say about it."""
    floats, count = details.get("float_layers", (0, 0))
    if precision == "int8" and count and floats / count > FLOATS:
        yield f"{floats} of {count} layers stay in float"
    if details.get("between", 0) > BETWEEN:
        yield f"{details['between']:.0%} of a run lies between the layers, where precision changes nothing"
    if details.get("depthwise", 0) > DEPTHWISE:
        yield f"depthwise convolutions, which wait for memory, take {details['depthwise']:.0%} of the layers' time"


def _family(feature):
    return "arm" if feature in ("asimddp", "bf16") else "x86"


def _family_of(features):
    return "arm" if {"asimd", "neon", "fp"} & set(features) and "sse2" not in features else "x86"


def _drop(rows, base):
    """A warning for each runtime whose accuracy is a point or more below that of paddle-fp32."""
    for row in rows if base and base["top1"] is not None else ():
        lost = 100 * (base["top1"] - (base["top1"] if row["top1"] is None else row["top1"]))
        if lost >= 1:
            yield f"{row['runtime']} loses {lost:.1f} points of top-1 against {BASE}"


def _noise(rows):
    worst = max((row for row in rows if row["noise"] is not None), key=lambda row: row["noise"], default=None)
    again = "close other programs and measure again before you trust times or ratios"
    if worst is None:
        yield "one turn: noise not known; --runs 20 or more take several"
    elif worst["noise"] > NOISY:
        yield f"the medians of the turns vary by up to {worst['noise']:.0%} ({worst['runtime']}): {again}"
        return
    else:
        yield f"the medians of the turns vary by {worst['noise']:.0%} at most"
    widest = max(rows, key=_spread)
    if _spread(widest) > WIDE:
        yield (f"single runs of {widest['runtime']} take {widest['p10_ms']:.2f} to {widest['p90_ms']:.2f} ms (p10 to "
               f"p90, {_spread(widest):.0%} of the median): {again}")


def _spread(row):
    """How far single runs lie apart: from p10 to p90, as a share of the median."""
    return (row["p90_ms"] - row["p10_ms"]) / row["median_ms"]


def _times(ratio):
    return f"{ratio:.2f} times"


def _because(features):
    return f" ({', '.join(features)})" if features else ""
