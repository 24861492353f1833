"""A slim run in its folder: stages that begin with the former's folder only, marks, resuming, and what is refused."""

import copy
import json
import shutil

import pytest

from ppmobile.config import from_tree, load
from ppmobile.engine import checkpoint, run
from ppmobile.errors import CheckpointError, ConfigError, PPMobileError
from ppmobile.slim import pipeline
from ppmobile.slim import stage as stages
from ppmobile.slim.steps import STEPS, Step


class Halve(Step):
    """Stands for a step that does not train: halves the class layer's weights, which changes no answer's order."""

    def apply(self, model, context):
        """In place."""
        model.head.fc.weight.set_value(model.head.fc.weight * 0.5)


@pytest.fixture
def halve(monkeypatch):
    """The step Halve, known for one test."""
    STEPS.names()
    monkeypatch.setitem(STEPS._members, "Halve", Halve)


@pytest.fixture
def works():
    """Works that make stages, resume them, and say nothing."""
    return pipeline.Works(resume=True, overwrite=False, command="test", say=lambda line: None)


def slimming(tiny, *steps, **slim):
    """The Config of `tiny` with a section slim."""
    return from_tree({**copy.deepcopy(tiny), "slim": {"steps": list(steps), "runs": 10, **slim}}, {}, "tiny")


FINETUNE = {"name": "Finetune", "train": {"epochs": 1, "lr": 0.01}}


def weights(folder):
    """{key: array} of the net in a run's folder."""
    return checkpoint.load(folder).weights()


def test_a_stage_has_the_options_of_its_step_and_begins_with_the_former(tiny, trained):
    config = slimming(tiny, FINETUNE)
    one = stages.stage(config, 0, trained)
    assert one.folder.name == "01_finetune" and one.training == one.folder
    assert (one.config.train.epochs, one.config.train.lr, one.config.train.batch_size) == (1, 0.01, 8)
    assert one.config.slim.start == str(trained) and one.config.slim.steps == [{"name": "Finetune"}]
    assert config.train.epochs == 2 and config.slim.steps == [FINETUNE]  # as they were


def test_start_stands_for_the_first_net(tiny):
    config = slimming(tiny, FINETUNE, {"name": "Distill", "teacher": "{start}"})
    assert stages.stage(config, 1, "b", "a").config.slim.steps[0]["teacher"] == "a"


def test_a_net_that_no_training_made_is_a_run_to_everybody(tiny, trained, halve, works):
    one = stages.stage(slimming(tiny, {"name": "Halve"}), 0, trained)
    assert works.carry_out(one, trained) == 0
    before, after = weights(trained), weights(one.folder)
    assert (after["head.fc.weight"] == before["head.fc.weight"] / 2).all()
    assert all((after[key] == before[key]).all() for key in before if key != "head.fc.weight")
    model, config, classes, _ = run.restore(one.folder)
    assert config.slim.start == str(trained) and len(classes) == 3
    assert load(one.folder / "config.yml").slim.steps == [{"name": "Halve"}]
    assert json.loads((one.folder / "run.json").read_text(encoding="utf-8"))["starts"][0]["command"] == "test"


def test_what_is_done_is_not_done_again(tiny, trained, works):
    one = stages.stage(slimming(tiny, FINETUNE), 0, trained)
    works.carry_out(one, trained)
    written = (one.folder / "best.safetensors").stat().st_mtime_ns
    works.carry_out(stages.stage(slimming(tiny, FINETUNE), 0, trained), trained)
    assert (one.folder / "best.safetensors").stat().st_mtime_ns == written


def test_killed_inside_a_training_it_comes_to_the_same_net(tiny, trained, works, monkeypatch):
    step = {"name": "Finetune", "train": {"epochs": 2, "lr": 0.01}}
    whole = stages.stage(slimming(tiny, step), 0, trained)
    works.carry_out(whole, trained)
    wanted = weights(whole.folder)
    again = {**tiny, "output": tiny["output"] + " 再"}
    one = stages.stage(slimming(again, step), 0, trained)
    fit = run.Trainer.fit

    def killed(trainer, epochs):
        fit(trainer, 1)
        raise RuntimeError("killed")

    monkeypatch.setattr(run.Trainer, "fit", killed)
    with pytest.raises(RuntimeError):
        works.carry_out(one, trained)
    monkeypatch.undo()
    assert stages.state(one, stages.inputs(one, trained))[0] == "begun"
    works.carry_out(stages.stage(slimming(again, step), 0, trained), trained)
    got = weights(one.folder)
    assert all((got[key] == wanted[key]).all() for key in wanted)


def test_other_options_are_told_and_made_anew_on_demand(tiny, trained, works):
    works.carry_out(stages.stage(slimming(tiny, FINETUNE), 0, trained), trained)
    other = stages.stage(slimming(tiny, {"name": "Finetune", "train": {"epochs": 1, "lr": 0.02}}), 0, trained)
    with pytest.raises(PPMobileError, match=r"train.lr was 0.01 and is 0.02; --resume --overwrite"):
        works.carry_out(other, trained)
    works.overwrite = True
    assert works.carry_out(other, trained) == 0
    assert stages.state(other, stages.inputs(other, trained))[0] == "done"


def test_another_start_makes_a_stage_stale(tiny, trained, halve, works):
    config = slimming(tiny, {"name": "Halve"}, FINETUNE)
    first = stages.stage(config, 0, trained)
    works.carry_out(first, trained)
    second = stages.stage(config, 1, first.folder)
    works.carry_out(second, first.folder)
    assert stages.state(second, stages.inputs(second, trained)) == ("stale", "it began with another net")


def test_what_a_step_reads_counts_by_its_contents(tiny, trained, tmp_path):
    def now(teacher):
        one = stages.stage(slimming(tiny, {"name": "Distill", "teacher": str(teacher)}), 0, trained)
        return stages.inputs(one, trained)

    moved = shutil.copytree(trained, tmp_path / "moved")
    assert now(trained) == now(moved)
    saved = checkpoint.load(moved)
    saved.arrays["model/head.fc.bias"] += 1
    saved.save(moved / "best.safetensors")
    changed = {key for key, value in now(trained).items() if now(moved)[key] != value}
    assert changed == {"slim.steps.0.teacher"}
    table = tmp_path / "table.csv"
    found = []
    for text in ("a", "b"):
        table.write_text(text, encoding="utf-8")
        one = stages.stage(slimming(tiny, {"name": "Prune", "sensitivity": str(table)}), 0, trained)
        found.append(stages.inputs(one, trained)["slim.steps.0.sensitivity"])
    assert found[0] != found[1]


def test_how_a_net_is_measured(tiny):
    first, other = slimming(tiny, FINETUNE), slimming(tiny, FINETUNE)
    other.train.lr, other.eval.batch_size, other.data.test, other.data.workers = 1.0, 1, None, 3
    assert stages.measuring(first, "val") == stages.measuring(other, "val")
    assert stages.measuring(first, "test") != stages.measuring(other, "test")
    other.transforms.eval[0]["size"] = 24
    assert stages.measuring(first, "val") != stages.measuring(other, "val")


def test_overwriting_clears_what_comes_later_but_never_the_start(tiny, trained, halve, works):
    config = slimming(tiny, {"name": "Halve"}, FINETUNE, start=str(trained))
    later = stages.stage(config, 1, trained)
    stages.mark(later, {}, done=True)
    left = later.folder.with_name("03_finetune")  # of a longer list of steps
    left.mkdir()
    (left / stages.MARK).write_text("{}", encoding="utf-8")
    pipeline.check_folder(config, resume=False, overwrite=True)
    assert later.folder.exists()  # until the new steps were tried, too
    pipeline.clear_folder(config)
    assert not later.folder.exists() and not left.exists()
    works.carry_out(stages.stage(config, 0, trained), trained)
    config.slim.start = str(stages.stage(config, 0, trained).folder)
    with pytest.raises(PPMobileError, match="would remove this, which the run starts from"):
        pipeline.check_folder(config, resume=False, overwrite=True)


def test_all_stages_are_compared_before_any_work(tiny, trained, halve):
    config = slimming(tiny, {"name": "Halve"}, FINETUNE, start=str(trained))
    other = slimming(tiny, {"name": "Halve"}, {**FINETUNE, "train": {"epochs": 3}}, start=str(trained))
    later = stages.stage(other, 1, trained)
    stages.mark(later, stages.inputs(later, trained), done=True)
    with pytest.raises(PPMobileError, match=r"02_finetune: was made otherwise: train.epochs was 3 and is 1"):
        pipeline.run(config, resume=True)
    assert not stages.stage(config, 0, trained).folder.exists()
    now = stages.inputs(later, trained)
    stages.mark(later, {**now, "slim.steps.0.ratio": "0.1"}, done=True)
    assert stages.state(later, now)[1].startswith("slim.steps.1.ratio was 0.1")


def test_rates_of_training_make_no_step_stale_that_does_not_train(tiny, trained, halve):
    one, other = (stages.stage(slimming({**tiny, "train": {**tiny["train"], "lr": lr}}, {"name": "Halve"}), 0, trained)
                  for lr in (0.1, 0.2))
    assert stages.inputs(one, trained) == stages.inputs(other, trained)


def test_a_finished_stage_that_cannot_be_read_is_told_with_the_way_out(tiny, trained, halve, works):
    one = stages.stage(slimming(tiny, {"name": "Halve"}), 0, trained)
    works.carry_out(one, trained)
    (one.folder / "best.safetensors").write_bytes(b"damaged")
    with pytest.raises(CheckpointError, match=f"remove the folder {one.folder}, and --resume makes it again"):
        works.carry_out(one, trained)


@pytest.mark.parametrize("later", ["QAT", "PTQ", "Prune", "Slimming"])
def test_nothing_that_needs_floats_follows_qat(tiny, later):
    part = {"name": later, **({"ratio": 0.3} if later == "Prune" else {})}
    config = slimming(tiny, {"name": "QAT"}, part, runtimes=["paddle-fp32", "paddle-int8"])
    with pytest.raises(ConfigError, match=rf"slim\.steps\.1: {later} needs a net in float, and QAT before it"):
        pipeline.check(config)


def test_the_folder_of_a_training_is_no_place_for_a_slim_run(tiny, trained):
    config = slimming({**tiny, "output": str(trained)}, FINETUNE)
    with pytest.raises(PPMobileError, match="holds a training; choose another folder"):
        pipeline.run(config, overwrite=True)


@pytest.mark.parametrize("step, told", [
    ({"name": "Distill", "teacher": "nowhere"}, r"slim\.steps\.0\.teacher: nowhere: no such file"),
    ({"name": "Distill", "teacher": "."}, r"slim\.steps\.0\.teacher: \.: no best.safetensors"),
    ({"name": "Prune", "sensitivity": "nowhere.csv"}, r"slim\.steps\.0\.sensitivity: nowhere\.csv"),
    ({"name": "Prune"}, "nothing would be cut"),
    ({"name": "Prune", "ratios": {"x": 1}}, r"ratios\.x: must be the share"),
    ({"name": "Prune", "ratio": 0.3, "drop": 0.02}, "drop is for a sensitivity table"),
    ({"name": "QAT"}, "none of slim.runtimes is; add paddle-int8"),
    ({"name": "Distill", "teacher": "{start}", "weight": 0.0, "task_weight": 0.0}, "nothing would be learnt")])
def test_a_step_of_which_nothing_can_come_is_refused(tiny, step, told):
    with pytest.raises(ConfigError, match=told):
        pipeline.check(slimming(tiny, step))


@pytest.mark.parametrize("step", [{"name": "Prune", "ratio": 0.5}, {"name": "Slimming"}])
def test_a_training_alone_does_not_do_what_is_more(tiny, trained, step):
    with pytest.raises(ConfigError, match=f"{step['name']} is more than a training; do it with `ppmobile slim run"):
        run.train(slimming(tiny, step, start=str(trained)))


def test_what_changes_no_net_makes_nothing_stale(tiny, trained):
    config = slimming(tiny, FINETUNE)
    other = slimming({**tiny, "output": "elsewhere"}, FINETUNE, runtimes=["onnx-fp32"], threads=2)
    other.data.workers, other.train.processes = 3, "2"
    assert stages.inputs(stages.stage(config, 0, trained), trained) == stages.inputs(stages.stage(other, 0, trained),
                                                                                     trained)


def test_a_folder_with_other_things_is_left_alone(tiny, trained, works):
    one = stages.stage(slimming(tiny, FINETUNE), 0, trained)
    one.folder.mkdir(parents=True)
    (one.folder / "novel.txt").write_text("chapter one", encoding="utf-8")
    with pytest.raises(PPMobileError, match="holds 'novel.txt', which no slim run wrote"):
        works.carry_out(one, trained)
    assert (one.folder / "novel.txt").is_file()


@pytest.mark.parametrize("change, told", [
    ({"steps": []}, "slim.steps: there is nothing to do"),
    ({"runtimes": []}, "slim.runtimes: is empty"),
    ({"runtimes": ["paddle-fp32", "padle-int8"]}, "slim.runtimes.1: unknown runtime 'padle-int8'. Did you mean"),
    ({"start": "nowhere"}, "no such checkpoint")])
def test_what_cannot_be_carried_out_is_told_before_any_work(tiny, change, told):
    config = slimming(tiny, FINETUNE)
    for key, value in change.items():
        setattr(config.slim, key, value)
    with pytest.raises((ConfigError, CheckpointError), match=told.replace(".", r"\.")):
        pipeline.run(config)


def test_a_misspelled_key_of_a_steps_training_names_its_place(tiny):
    with pytest.raises(ConfigError, match=r"slim\.steps\.0\.train\.epocs: unknown key\. Did you mean 'epochs'"):
        slimming(tiny, {"name": "Finetune", "train": {"epocs": 1}})


def test_no_split_to_measure_on(tiny):
    tiny["data"] = {"train": tiny["data"]["train"]}
    with pytest.raises(ConfigError, match="slim.split: data.val is not set"):
        pipeline.run(slimming(tiny, FINETUNE))


def test_a_start_with_other_classes_is_one_line(tiny, data, trained):
    lines = (data / "labels.txt").read_text(encoding="utf-8").replace("green", "yellow")
    (data / "labels.txt").write_text(lines, encoding="utf-8")
    with pytest.raises(CheckpointError, match="first difference is class 1") as error:
        run.train(stages.stage(slimming(tiny, FINETUNE), 0, trained).config)
    assert "\n" not in str(error.value)


def test_files_of_a_net_come_last(tiny, trained, monkeypatch):
    class Pack(Step):
        """Writes files and changes nothing."""

        def deploy(self, folder, context):
            """Nothing."""

    STEPS.names()
    monkeypatch.setitem(STEPS._members, "Pack", Pack)
    with pytest.raises(ConfigError, match=r"slim\.steps\.0: Pack makes files of the net as it is then.*put it last"):
        pipeline.check(slimming(tiny, {"name": "Pack"}, FINETUNE))
    pipeline.check(slimming(tiny, FINETUNE, {"name": "Pack"}))
