"""`ppmobile check`: scan a data set for files and labels that would harm training."""

from .arguments import load_config, parser


def main(argv):
    """Print the findings of every split; exit status 1 if more files are unusable than data.max_bad allows."""
    arguments = parser("check", __doc__.split(":")[1].strip())
    options = arguments.parse_args(argv)
    config = load_config(options)

    from ..engine.datasets import SPLITS, look, open_split

    reports, unusable = {}, 0
    for split in SPLITS:
        if getattr(config.data, split, None) is None:
            continue
        dataset = open_split(config, split)
        reports[split] = look(dataset)
        bad = len({finding.path for finding in reports[split].fatal})
        unusable += bad > config.data.max_bad
        verdict = f"{bad} unusable, data.max_bad allows {config.data.max_bad}: training refuses" if bad > (
            config.data.max_bad) else "ready to train" if not bad else f"{bad} unusable pictures will be left out"
        print(f"== {split}: {verdict}\n{reports[split].text()}\n")
    return 1 if unusable else report_leaks(reports)


def report_leaks(reports):
    """Print pictures that stand in two splits; they are a warning, not an error."""
    from ..data.report import leaks

    found = leaks(reports)
    for finding in found[:5]:
        print(f"leak: {finding.path}: {finding.reason}")
    if len(found) > 5:
        print(f"and {len(found) - 5} more pictures stand in two splits")
    return 0
