"""`ppmobile split`: divide an image folder into train, val and test lists."""


def main(argv):
    """As `python -m ppmobile.data.split`, which needs no installed command."""
    from ..data.split import main as split_main

    return split_main(argv, "ppmobile split")
