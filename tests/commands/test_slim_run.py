"""`ppmobile slim run` and its single steps on the command line: from a config to a measured report, and mistakes."""

import json

import pytest
from in_process import measure_here

from ppmobile.cli import main
from ppmobile.commands import slim, slim_run, slim_step
from ppmobile.commands.arguments import parser
from ppmobile.config import load
from ppmobile.errors import ConfigError
from ppmobile.slim.steps import STEPS
from ppmobile.yaml_text import dump_yaml


@pytest.fixture
def config(tiny, trained, tmp_path):
    """A config file: Prune and Finetune from `trained`."""
    tiny["slim"] = {"start": str(trained), "runs": 10, "steps": [
        {"name": "Prune", "ratio": 0.5}, {"name": "Finetune", "train": {"epochs": 1, "lr": 0.01}}]}
    file = tmp_path / "tiny 配置.yml"
    file.write_text(dump_yaml(tiny), encoding="utf-8")
    return file


def test_every_step_has_its_command():
    steps = {way for way, (module, _) in slim.WAYS.items() if module == "slim_step"} | {"ptq"}
    assert steps == set(slim_step.STEPS) and set(slim_step.STEPS.values()) <= set(STEPS.names())


def test_a_run_is_measured_and_told(config, tmp_path, capsys, monkeypatch):
    measure_here(monkeypatch)
    assert main(["slim", "run", "-c", str(config)]) == 0
    said, out = capsys.readouterr().out, tmp_path / "run"
    assert "as predicted from the widths" in said and "slim.html" in said
    rows = json.loads((out / "slim.json").read_text(encoding="utf-8"))["rows"]
    assert [row["stage"] for row in rows] == ["00_start", "01_prune", "02_finetune"]
    assert rows[1]["predicted"] == rows[1]["cost"] and rows[1]["cost"]["macs"] < rows[0]["cost"]["macs"]
    assert rows[2]["cost"] == rows[1]["cost"] and rows[2]["keep"] in (True, False)
    for row in rows:
        assert row["score"]["low"] <= row["score"]["value"] <= row["score"]["high"]
        figures = row["runtimes"]["paddle-fp32"]
        assert 0 < figures["median_ms"] <= figures["p90_ms"] and figures["file_bytes"] > 0
    assert "test" in rows[0] and "test" in rows[2] and "test" not in rows[1]
    assert len((out / "slim.csv").read_text(encoding="utf-8").splitlines()) == 4
    page = (out / "slim.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 3 and "http" not in page and "02_finetune" in page
    assert "ppmobile slim run -c" in page and "output channels" in page.lower()
    run_again(config, out, capsys)


def run_again(config, out, capsys):
    """The same command refuses; --resume finds everything done, and measures no net twice."""
    assert main(["slim", "run", "-c", str(config)]) == 2
    assert "holds a slim run already; go on with --resume" in capsys.readouterr().err
    before = {file: file.stat().st_mtime_ns for file in out.rglob("measured.json")}
    assert len(before) == 3 and main(["slim", "run", "--resume", str(out)]) == 0
    said = capsys.readouterr().out
    assert said.count("done already") == 2
    assert {file: file.stat().st_mtime_ns for file in out.rglob("measured.json")} == before
    assert main(["slim", "run", "--resume", str(out), "-o", "slim.steps.1.train.lr=0.02"]) == 2
    assert "02_finetune: was made otherwise: train.lr was 0.01 and is 0.02" in capsys.readouterr().err
    assert main(["slim", "finetune", "--resume", str(out)]) == 0  # a single step's folder holds its config, too
    assert capsys.readouterr().out.count("done already") == 2


def single(way, *argv):
    """The Config that `slim WAY ARGV` would carry out."""
    arguments = parser(f"slim {way}", "", config_required=False)
    arguments.add_argument("-w", "--weights")
    slim_run.add_arguments(arguments)
    return slim_step.single(arguments.parse_args(list(argv)), way, slim_step.STEPS[way])


def test_one_step_of_a_config(config, tmp_path):
    found = single("finetune", "-c", str(config), "-o", "slim.steps.1.train.epochs=3")
    assert found.slim.steps == [{"name": "Finetune", "train": {"epochs": 3, "lr": 0.01}}]
    assert found.output == str(tmp_path / "run_finetune") and load(config).output == str(tmp_path / "run")


def test_one_step_without_a_config(trained):
    found = single("prune", "-w", str(trained), "-o", "slim.steps.0.ratio=0.25")
    assert found.slim.steps == [{"name": "Prune", "ratio": 0.25}] and found.slim.start == str(trained)
    assert found.output == f"{trained}_prune"
    assert single("prune", "-w", str(trained), "-o", "output=a").output == "a"
    for same in (f"{trained}/", trained / "best.safetensors"):
        assert single("prune", "-w", str(same)).output == f"{trained}_prune"


def test_the_net_that_a_step_begins_with_is_not_its_own_teacher(config, trained):
    found = single("distill", "-c", str(config), "-w", "runs/cut", "-o", 'slim.steps.0.teacher="{start}"')
    assert found.slim.start == "runs/cut" and found.slim.steps[0]["teacher"] == str(trained)
    with pytest.raises(ConfigError, match=r"Distill names \{start\}.*-o slim.start=RUN"):
        single("distill", "-w", str(trained), "-o", 'slim.steps.0.teacher="{start}"')


def test_int8_alone_is_measured_in_int8(trained):
    for way in ("ptq", "qat"):
        assert single(way, "-w", str(trained)).slim.runtimes == ["paddle-fp32", "paddle-int8"]
    assert single("qat", "-w", str(trained), "-o", "slim.runtimes=[openvino-int8]").slim.runtimes == ["openvino-int8"]
    assert single("prune", "-w", str(trained)).slim.runtimes == ["paddle-fp32"]


@pytest.mark.parametrize("words, told", [
    (["run"], "give -c FILE, or --resume FOLDER"),
    (["prune"], "give -c FILE, or the run to begin with by -w RUN"),
    (["ptq"], "give the ARTEFACT to quantize, or a run by -w RUN"),
    (["budget"], "give -c FILE, or the run to begin with by -w RUN"),
    (["sensitivity", "-w", "x", "--drop", "2"], "--drop is a share"),
    (["sensitivity", "-w", "x", "--pictures", "-1"], "--pictures must be at least 1")])
def test_mistakes_are_one_line(words, told, capsys):
    with pytest.raises(SystemExit) as left:
        main(["slim", *words])
    line = capsys.readouterr().err
    assert left.value.code == 2 and told in line and line.count("\n") == 1


def test_ptq_without_an_artefact_is_a_step(monkeypatch):
    called = []
    monkeypatch.setattr(slim_step, "main", lambda way, argv: called.append((way, argv)) or 0)
    for argv in (["-w", "RUN"], ["-c", "a.yml"], ["--resume", "RUN"]):
        assert main(["slim", "ptq", *argv]) == 0
    assert [argv for _, argv in called] == [["-w", "RUN"], ["-c", "a.yml"], ["--resume", "RUN"]]
