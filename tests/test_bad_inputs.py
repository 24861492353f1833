"""What a user gets wrong ends with one clear line and status 2, nothing half-written, nothing executed."""

import os
import pickle

import numpy as np
import pytest
import yaml
from safetensors.numpy import save_file

from ppmobile.cli import main
from ppmobile.config import load
from ppmobile.engine.run import train


@pytest.fixture
def command(tiny, tmp_path, capsys):
    """A function that runs `ppmobile NAME` on the tiny config and returns (status, stderr)."""
    def run(name, *argv, config=tiny, use_config=True):
        file = tmp_path / "config.yml"
        file.write_text(yaml.safe_dump(config), encoding="utf-8")
        status = main([name, *(["-c", str(file)] if use_config else []), *map(str, argv)])
        return status, capsys.readouterr().err
    return run


def one_line(result, *words):
    """Status 2 and a single line that holds all `words`."""
    status, text = result
    assert status == 2, text
    lines = [line for line in text.splitlines() if line.startswith("ppmobile: ")]
    assert len(lines) == 1 and "Traceback" not in text, text
    for word in words:
        assert word in lines[0], text


def test_missing_list_and_root(command, tiny):
    tiny["data"]["train"]["file"] = "trian_list.txt"
    one_line(command("train"), "data.train", "trian_list.txt", "is missing")
    tiny["data"]["train"]["root"] = "nowhere"
    one_line(command("train"), "nowhere: no such folder")


def test_missing_and_broken_pictures_are_listed_before_training(command, data, tiny, tmp_path):
    (data / "c0" / "图 1.png").unlink()
    (data / "c1" / "图 2.png").write_bytes(b"")
    (data / "c2" / "图 3.png").write_bytes((data / "c2" / "图 3.png").read_bytes()[:100])
    one_line(command("train"), "data.train", "3 of 24 pictures cannot be used", "图 1.png", "max_bad")
    assert not (tmp_path / "run" / "last.safetensors").exists()
    tiny["data"]["max_bad"] = 3
    status, _ = command("train")
    assert status == 0


def test_labels_beyond_the_list(command, data):
    list_file = data / "train_list.txt"
    list_file.write_text(list_file.read_text(encoding="utf-8") + "c0/图 1.png 3\n", encoding="utf-8")
    one_line(command("train"), "train_list.txt, line 25: label 3 is not in 0..2")


def test_empty_and_tiny_data_sets(command, data):
    (data / "train_list.txt").write_text("", encoding="utf-8")
    one_line(command("train"), "data.train", "lists no pictures")
    (data / "train_list.txt").write_text("c0/图 1.png 0\n", encoding="utf-8")
    one_line(command("train"), "1 pictures are too few for 1 training process")


@pytest.mark.parametrize("count", [2, 3, 9])
def test_a_data_set_smaller_than_a_batch_trains(command, data, count):
    lines = (data / "train_list.txt").read_text(encoding="utf-8").splitlines()
    (data / "train_list.txt").write_text("\n".join(lines[:count]) + "\n", encoding="utf-8")
    assert command("train")[0] == 0


def test_other_classes_in_val(command, tiny, tmp_path, data):
    (tmp_path / "names.txt").write_text("a\nb\nc\nd\n", encoding="utf-8")
    tiny["data"]["val"]["labels"] = str(tmp_path / "names.txt")
    one_line(command("train"), "data.val: its classes [a, b, c, d] are not those of data.train")


def test_checkpoints_of_other_models_and_classes(command, tiny, tmp_path, data):
    train(load(tiny))
    run = tmp_path / "run"
    narrow = {**tiny, "model": {"backbone": {**tiny["model"]["backbone"], "scale": 0.5}}}
    one_line(command("eval", "-w", run, config=narrow), "has shape", "this model needs")
    one_line(command("eval", "-w", run, config={**tiny, "model": {"backbone": {"name": "PPLCNet", "scale": 0.25}}}),
             "belongs to another model")
    (data / "labels.txt").write_text("a\nb\nc\n", encoding="utf-8")
    one_line(command("eval", "-w", run), "was trained on 3 classes", "the first difference is class 0")


class Evil:
    """A pickle that would touch a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("suffix", ["pdparams", "npz", "safetensors"])
def test_hostile_and_truncated_weights(command, tiny, tmp_path, suffix):
    mark, path = tmp_path / "executed", tmp_path / f"w.{suffix}"
    tiny["model"]["pretrained"] = str(path)
    if suffix == "npz":
        np.savez(path, w=np.array([Evil(mark)], dtype=object))
    else:
        path.write_bytes(pickle.dumps({"w": Evil(mark)}))
    one_line(command("train"), f"w.{suffix}")
    assert not mark.exists()
    path.write_bytes(b"\x80\x04\x95\x00")
    one_line(command("train"), f"w.{suffix}")
    tiny["model"]["pretrained"] = str(tmp_path / f"gone.{suffix}")
    one_line(command("train"), f"gone.{suffix}")


def test_weights_of_another_net(command, tiny, tmp_path):
    save_file({"conv1.weight": np.zeros((1, 1), np.float32)}, str(tmp_path / "w.safetensors"))
    tiny["model"]["pretrained"] = str(tmp_path / "w.safetensors")
    one_line(command("train"), "w.safetensors")


def test_resume_without_a_run(command, tmp_path):
    one_line(command("train", "--resume"), "run", "no such checkpoint")
    (tmp_path / "run").mkdir()
    one_line(command("train", "--resume"), "no last.safetensors to go on from")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_output_folder(command, tiny, tmp_path):
    (tmp_path / "run").mkdir(mode=0o500)
    one_line(command("train"), "run", "permission denied")


def test_an_output_folder_below_a_file(command, tiny, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    tiny["output"] = str(tmp_path / "file" / "run")
    one_line(command("train"), "cannot be written: a part of this path is a file")


def test_infer_answers_the_good_pictures_and_names_the_bad(tiny, tmp_path, pictures, capsys):
    train(load(tiny))
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"not a picture")
    out = tmp_path / "答案"
    good = sorted(pictures.glob("c1/*.png"))[0]
    assert main(["infer", "-w", str(tmp_path / "run"), str(bad), str(good), "--out", str(out), "--topk", "2"]) == 1
    text = capsys.readouterr().out
    assert f"{bad}: not answered: the content is not a picture" in text
    assert text.count(str(bad)) == 1 and "dataset" not in text and text.endswith(f"the answers are drawn in {out}\n")
    line = next(line for line in text.splitlines() if line.startswith(str(good)))
    assert line.count("%") == 2
    assert [p.name for p in out.iterdir()] == [f"{good.stem}.png"]
    for source, message in ((bad, "none of the 1 pictures"), ("no/such", "no/such: no such file")):
        one_line((main(["infer", "-w", str(tmp_path / "run"), str(source)]), capsys.readouterr().err), message)
