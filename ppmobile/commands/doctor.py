"""`ppmobile doctor`: show versions, CPU features and known bad combinations."""

from .arguments import parser


def main(argv):
    """Print the report; exit status 1 if something is known to be wrong."""
    parser("doctor", __doc__.split(":")[1].strip(), config=False).parse_args(argv)

    from .. import doctor

    print(doctor.report())
    return 1 if doctor.problems() else 0
