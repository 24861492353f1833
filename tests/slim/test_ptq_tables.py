"""The tables, of a made-up result."""

from ppmobile.slim.loss import Loss
from ppmobile.slim.ptq import Result
from ppmobile.slim.rank import Ranked
from ppmobile.slim.report import SHOWN, layer_table, loss_table
from ppmobile.slim.search import Found

RANKING = [Ranked(f"layer{i}", {"avg": 1.0 / (i + 1), "hist": 2.0}) for i in range(SHOWN + 3)]
FOUND = {"paddle": Found(("layer13", "layer0", "layer14"), 2, Loss(0.99, 0.9, 0.91)),
         "lite": Found((), 0, Loss(0.5))}


def test_the_worst_layers_and_all_in_float_are_shown():
    lines = layer_table(Result(None, RANKING, FOUND))
    assert lines[1].split() == ["1.000", "avg", "layer0", "float", "in", "paddle"]
    assert lines[SHOWN + 1].split()[2:] == ["layer14", "float", "in", "paddle"]
    assert lines[-1].strip() == "and 2 layers that suffer less" and len(lines) == SHOWN + 3


def test_each_target_says_what_it_costs():
    assert loss_table(Result(None, RANKING, FOUND)) == [
        "paddle    top-1 90.0% (fp32 91.0%), 99.0% answers as fp32; 2 layers in float for their accuracy, 1 more "
        "anyhow (squeeze-and-excitation, --keep-float)",
        "lite      50.0% answers as fp32; 0 layers in float for their accuracy"]
