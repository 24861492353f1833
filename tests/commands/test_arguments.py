"""Wrong arguments of any command: one line that says what to write instead, and status 2."""

import pytest

from ppmobile.cli import main


@pytest.mark.parametrize("argv, words", [
    ("train -c a.yml -o", "argument -o/--override: expected at least one argument; for example -o train.epochs=3;"),
    ("train -c", "train: argument -c/--config: expected one argument; for example -c config.yml;"),
    ("train -c a.yml train.epochs=3", "arguments: train.epochs=3; it belongs behind -o, as in -o train.epochs=3;"),
    ("train a.yml", "train: unrecognized arguments: a.yml; did you mean -c a.yml?;"),
    ("check a.yml", "check: the following arguments are required: -c/--config; did you mean -c a.yml?;"),
    ("train -o a=1 b.yml", "train: give -c FILE, or --resume RUN; did you mean -c b.yml?;"),
    ("check", "check: the following arguments are required: -c/--config; `ppmobile check --help` shows all options"),
    ("doctor a=b", "doctor: unrecognized arguments: a=b; `ppmobile doctor --help`"),  # it has no -o
    ("zoo fetch", "zoo fetch: the following arguments are required: name; `ppmobile zoo fetch --help`"),
    ("infer -w x y --topk 0", "infer: --topk must be at least 1;"),
])
def test_one_line_with_advice(argv, words, capsys):
    with pytest.raises(SystemExit) as error:
        main(argv.split())
    out, err = capsys.readouterr()
    assert error.value.code == 2 and out == ""
    assert err.startswith("ppmobile: ") and err.count("\n") == 1 and words in err
    assert err.count("did you mean") == words.count("did you mean")
