"""`ppmobile infer` and `ppmobile eval` with a detector: boxes on pictures and videos, JSON, thresholds."""

import json
import re

import numpy as np
import pytest

from ppmobile.cli import main
from ppmobile.commands.infer import outputs
from ppmobile.config import from_tree
from ppmobile.engine.run import train
from ppmobile.files import read_image, write_image, write_text
from ppmobile.models.heads.yolov3 import YOLOv3Head
from ppmobile.predict import video

VOC = ("<annotation><size><width>64</width><height>48</height></size><object><name>{name}</name><bndbox><xmin>{box[0]}"
       "</xmin><ymin>{box[1]}</ymin><xmax>{box[2]}</xmax><ymax>{box[3]}</ymax></bndbox></object></annotation>")


@pytest.fixture(scope="module")
def boxes(tmp_path_factory):
    """A VOC folder of eight pictures, each with a red or a green square, and a run of one epoch on it."""
    root, random = tmp_path_factory.mktemp("boxes 图"), np.random.default_rng(3)
    for number in range(8):
        x, y = random.integers(1, 30, 2)
        image = random.integers(0, 60, (48, 64, 3), dtype=np.uint8)
        image[y:y + 16, x:x + 16, number % 2] = 250
        write_image(root / "JPEGImages" / f"图 {number}.png", image)
        write_text(root / "Annotations" / f"图 {number}.xml",
                   VOC.format(name=("红", "green")[number % 2], box=(x, y, x + 16, y + 16)))
    write_text(root / "all.txt", "\n".join(f"图 {number}" for number in range(8)) + "\n")
    part = {"name": "VocDetection", "root": str(root), "file": "all.txt"}
    end = [{"name": "Resize", "size": 64}, {"name": "Normalize"}, {"name": "ToCHW"}]
    train(from_tree({
        "task": "detect", "output": str(root / "run"), "data": {"train": part, "val": part},
        "model": {"backbone": {"name": "MobileNetV1", "scale": 0.25, "out_strides": [8, 16, 32]},
                  "neck": {"name": "YOLOFPN", "channels": 8}, "head": {"name": "YOLOv3Head"}},
        "transforms": {"train": end, "eval": end},
        "train": {"epochs": 1, "batch_size": 4, "lr": 0.001, "visualdl": False}}, {}, "boxes"))
    return root


@pytest.fixture(autouse=True)
def all_boxes(monkeypatch):
    """Let the scores of a net that has hardly learned pass NMS."""
    monkeypatch.setitem(YOLOv3Head.nms, "score_threshold", 1e-4)


def infer(*words):
    return main(["infer", *map(str, words)])


def test_a_run_answers_with_boxes(boxes, tmp_path, capsys):
    (tmp_path / "bad.jpg").write_bytes(b"")
    argv = ("-w", boxes / "run", boxes / "JPEGImages", tmp_path / "bad.jpg", "--threshold", 0, "--out",
            tmp_path / "out", "--json", tmp_path / "答.jsonl")
    assert infer(*argv) == 1
    lines = capsys.readouterr().out.splitlines()
    assert all(re.search(r"图 \d\.png: ((红|green) \d+\.\d%(, )?)+$", line) for line in lines[:8])
    assert lines[8:] == [f"{tmp_path / 'bad.jpg'}: not answered: the file is empty",
                         f"the answers are drawn in {tmp_path / 'out'}"]
    told = [json.loads(line) for line in (tmp_path / "答.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(told) == 9 and told[8] == {"path": str(tmp_path / "bad.jpg"), "error": "the file is empty"}
    found = np.array([one["box"] for one in told[0]["boxes"]])
    assert (found >= 0).all() and (found <= [64, 48, 64, 48]).all() and len(found) <= 100
    assert read_image(tmp_path / "out" / "图 0.png").shape == (432, 576, 3)  # enlarged to at least 400 pixels


def test_the_threshold(boxes, capsys):
    assert infer("-w", boxes / "run", boxes / "JPEGImages" / "图 0.png", "--threshold", 1) == 0
    assert capsys.readouterr().out.endswith("图 0.png: nothing found\n")
    refused = ("--threshold", 1.5), "threshold: must be from 0 to 1"
    for words, message in (refused, (("--topk", 2), "topk: belongs to")):
        assert infer("-w", boxes / "run", boxes / "JPEGImages", *words) == 2
        assert message in capsys.readouterr().err


def test_a_classifier_has_no_threshold(trained, pictures, capsys):
    assert infer("-w", trained, pictures, "--threshold", 0.5) == 2
    assert "threshold: belongs to detection" in capsys.readouterr().err


@pytest.fixture
def clip(boxes, tmp_path):
    """A video of the eight pictures."""
    with video.writer(tmp_path / "in" / "视频 é.mp4", 4) as write:
        for number in range(8):
            write(read_image(boxes / "JPEGImages" / f"图 {number}.png"))
    return tmp_path / "in" / "视频 é.mp4"


def test_a_video_becomes_a_video(boxes, clip, tmp_path, capsys):
    more = "--threshold", 0, "--out", tmp_path / "out", "--json", tmp_path / "a.jsonl"
    assert infer("-w", boxes / "run", clip, *more) == 0
    lines = capsys.readouterr().out.splitlines()
    assert re.match(re.escape(str(clip)) + r": 8 frames in \d+\.\d s \(\d+\.\d frames/s\): (红|green) \d+", lines[0])
    frames = list(video.frames(tmp_path / "out" / "视频 é.mp4"))
    assert len(frames) == 8 and frames[0].shape == (432, 576, 3)
    told = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(one["frame"], one["seconds"]) for one in told] == [(number, number / 4) for number in range(8)]
    assert told[0]["path"] == str(clip) and len(told[0]["boxes"]) > 0


def test_videos_that_cannot_be_read(boxes, clip, tmp_path, capsys):
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    argv = ("-w", boxes / "run", tmp_path / "bad.mp4", tmp_path / "none.mp4")
    assert infer(*argv, "--json", tmp_path / "a.jsonl") == 2
    assert not (tmp_path / "a.jsonl").exists() and "none of the 2 files could be read" in capsys.readouterr().err
    assert infer(*argv, clip) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{tmp_path / 'bad.mp4'}: not answered: cannot be read as a video: ")
    assert lines[1] == f"{tmp_path / 'none.mp4'}: not answered: no such video; check the path"


def test_names_of_videos(clip, tmp_path, monkeypatch):
    monkeypatch.chdir(clip.parent)
    write_image(tmp_path / "in" / "视频 é.png", np.zeros((4, 4, 3), np.uint8))
    named = {str(source): name for source, name in outputs(["*.mp4", "视频 é.png", "视频 é.mp4", "none.avi"]).items()}
    assert named == {"视频 é.mp4": "视频 é.mp4", "视频 é.png": "视频 é.png", "none.avi": "none.mp4"}


def test_a_video_whose_name_looks_like_a_pattern(clip):
    clip.with_name("v1.mp4").write_bytes(clip.read_bytes())
    clip.rename(clip.with_name("v[1].mp4"))
    assert list(outputs([clip.with_name("v[1].mp4")])) == [clip.with_name("v[1].mp4")]


def test_what_was_given_is_never_overwritten(boxes, clip, tmp_path, capsys):
    picture = tmp_path / "in" / "a.png"
    write_image(picture, np.zeros((48, 64, 3), np.uint8))
    before = picture.read_bytes(), clip.read_bytes()
    for given in (picture, clip):
        assert infer("-w", boxes / "run", given, "--out", tmp_path / "x" / ".." / "in") == 2
        assert f"{given.name} is among the files to answer for, and would be overwritten" in capsys.readouterr().err
    assert (picture.read_bytes(), clip.read_bytes()) == before


def test_the_benchmark_needs_a_picture(exported, clip, capsys):
    assert infer("-m", exported, clip, "--benchmark") == 2
    said = capsys.readouterr()
    assert said.out == "" and "--benchmark times pictures, and none was given" in said.err


def test_eval_shows_the_errors(boxes, tmp_path, capsys):
    out = tmp_path / "out"
    argv = ["eval", "-w", str(boxes / "run"), "--out", str(out), "-o", "eval.metric.name=VocMap"]
    assert main([*argv, "--threshold", "0.001"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("val, 8 pictures: map50 ")
    assert lines[-1] == f"pictures in {out}; report.html shows them all"
    told = re.match(r"boxes that score 0.001 or more: (\d+) right, (\d+) missed, ", lines[-2])
    errors = json.loads((out / "result.json").read_text(encoding="utf-8"))["errors"]
    assert (errors["right"], errors["missed"]["count"]) == (int(told[1]), int(told[2])) and errors["threshold"] == 0.001
    assert "run: val, 8 pictures" in (out / "report.html").read_text(encoding="utf-8")
    assert main([*argv, "--threshold", "2"]) == 2
    said = capsys.readouterr()
    assert "threshold: must be from 0 to 1, got 2" in said.err and "val, 8" not in said.out  # before the work
