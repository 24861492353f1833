"""The whole chain in fresh processes: each step knows nothing but the folder that the former one left."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from chain import carried_out

from ppmobile.cli import main
from ppmobile.config import load, to_dict
from ppmobile.engine.launch import environment
from ppmobile.export.write import export
from ppmobile.yaml_text import dump_yaml

COLORS = ("红 red", "green", "blue")  # the classes of `pictures`
CHAIN = Path(__file__).with_name("chain.py")
TRAIN = {"epochs": 1, "lr": 0.01}
STEPS = [{"name": "Slimming", "ratio": 0.3, "train": TRAIN}, {"name": "Prune", "ratio": 0.3},
         {"name": "Distill", "teacher": "{start}", "train": TRAIN},
         {"name": "QAT", "train": {"epochs": 2, "lr": 0.005}}]


def process(*command, status=0):
    """The standard output of a Python process."""
    done = subprocess.run([sys.executable, *map(str, command)], env=environment(OMP_NUM_THREADS="1"), check=False,
                          capture_output=True, encoding="utf-8")
    assert done.returncode == status, done.stderr[-2000:]
    return done.stdout


def stage(*arguments):
    """What chain.py told."""
    return json.loads(process(CHAIN, *arguments).splitlines()[-1])


@pytest.fixture(scope="module")
def chain(trained, tmp_path_factory):
    """[what chain.py told of each stage], the training first; and the config file."""
    tree = to_dict(load(trained / "config.yml"))
    tree["model"]["backbone"] = {"name": "MobileNetV1", "scale": 0.5, "out_strides": [2, 4]}
    for split, first in (("train", "RandomResizedCrop"), ("eval", "Resize")):
        tree["transforms"][split][0] = {"name": first, "size": 32}
    folder = tmp_path_factory.mktemp("chain")
    config = folder / "chain.yml"
    tree.update(slim={"steps": STEPS}, output=str(folder / "出 run"))
    config.write_text(dump_yaml(tree), encoding="utf-8")
    told = [carried_out(config)]
    for place in range(len(STEPS)):
        told.append(stage(config, place, told[-1]["folder"], told[0]["folder"]))
    return told, config


def test_every_net_is_the_same_in_the_next_process(chain):
    told, _ = chain
    assert [one["start"] for one in told[1:]] == [one["outputs"] for one in told[:-1]]
    assert len({one["outputs"] for one in told}) == len(told)  # and each step changed it


def test_costs_fall_as_the_widths_foretell(chain):
    told, _ = chain
    assert all(one["foretold"] == one["cost"] for one in told[1:])
    trained, slimmed, pruned, distilled, quantized = (one["cost"] for one in told)
    assert pruned["macs"] < slimmed["macs"] < trained["macs"] and pruned["params"] < slimmed["params"]
    assert pruned == distilled == quantized


def test_widths_are_multiples_of_8_or_as_they_were(chain):
    told, _ = chain
    first, last = told[0]["widths"], told[-1]["widths"]
    changed = [path for path in first if first[path] != last[path]]
    assert changed and all(now % 8 == 0 or now == before for path in changed
                           for now, before in zip(last[path], first[path]))


def test_killed_in_mid_training_it_comes_to_the_same_bits(chain, tmp_path):
    told, config = chain
    text = config.read_text(encoding="utf-8")
    again = tmp_path / "again.yml"
    again.write_text("\n".join(f"output: {tmp_path / 'again'}" if line.startswith("output:") else line
                               for line in text.splitlines()) + "\n", encoding="utf-8")
    process(CHAIN, again, 3, told[3]["folder"], told[0]["folder"], "kill", status=9)
    folder = tmp_path / "again" / "04_qat"
    assert (folder / "last.safetensors").is_file()
    assert carried_out(again, 3, told[3]["folder"], told[0]["folder"])["outputs"] == told[4]["outputs"]


def test_export_verify_and_predict(chain, pictures, tmp_path, capsys):
    run, artefact = chain[0][4]["folder"], tmp_path / "artefact"
    assert main(["export", "-w", run, "--out", str(artefact), "--no-verify"]) == 0
    assert (artefact / "int8" / "inference.pdmodel").is_file()
    assert main(["verify", str(artefact), "-w", run]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["paddle-int8", "passed"] in [words[:2] for words in lines]  # not merely told of as skipped
    assert main(["infer", "-m", str(artefact), str(pictures / "c0"), "--runtime", "paddle-int8"]) == 0
    answered = [line for line in capsys.readouterr().out.splitlines() if ".png" in line]
    assert len(answered) == 12 and all(any(name in line for name in COLORS) for line in answered)


def test_the_file_shrinks_by_what_was_foretold(chain, tmp_path):
    told, _ = chain
    sizes = []
    for one in (told[0], told[3]):
        out = tmp_path / Path(one["folder"]).name
        export(one["folder"], out, say=lambda line: None)
        sizes.append((out / "inference.pdiparams").stat().st_size)
    foretold = told[0]["cost"]["bytes"] - told[3]["foretold"]["bytes"]
    # each array has a header, of whose dimensions those below 128 take one byte less
    assert abs((sizes[0] - sizes[1]) - foretold) <= 4 * len(told[0]["widths"]) * 2
