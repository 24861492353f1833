"""The sensitivity table: filled row by row, kept over a stop, and what it proposes."""

import pytest

from ppmobile.cli import main
from ppmobile.config import load
from ppmobile.engine.evaluate import evaluate
from ppmobile.errors import ConfigError, PPMobileError
from ppmobile.files import read_image
from ppmobile.slim import sensitivity
from ppmobile.slim.steps import STEPS, Prune


@pytest.fixture
def made(trained, tmp_path):
    """A function that opens the table of `trained` in a folder, and the lines that it says."""
    said = []

    def make(**options):
        return sensitivity.Sensitivity(trained, load(trained / "config.yml"), tmp_path / "图 table", say=said.append,
                                       **options)

    make.said = said
    return make


def test_every_group_at_every_ratio(made, trained):
    table = made()
    rows = table.measure([0.5, 0.25])
    names = [group.name for group in table.coupling.groups]
    assert [(row["group"], row["ratio"]) for row in rows] == [
        (names[0], 0.0), *((name, ratio) for name in names for ratio in (0.25, 0.5))]
    whole = table.split.of_net(table.net.model)["value"]
    assert rows[0]["metric"] == whole and all(0 <= row["metric"] <= 1 for row in rows)
    assert rows[0]["macs"] == table.net.cost["macs"] and all(row["macs"] < rows[0]["macs"] for row in rows[1:])
    assert sensitivity.read(table.folder / "sensitivity.csv") == rows


def test_the_net_stays_as_it_was(made):
    table = made()
    before = table.split.of_net(table.net.model)
    table.measure([0.75])
    assert table.split.of_net(table.net.model) == before and table.net.model.structure == {}


def test_it_goes_on_where_it_was_stopped(made, monkeypatch):
    count = []

    def stopped(*arguments):
        count.append(1)
        if len(count) == 3:
            raise KeyboardInterrupt
        return evaluate(*arguments)

    monkeypatch.setattr(sensitivity, "evaluate", stopped)
    with pytest.raises(KeyboardInterrupt):
        made().measure([0.5])
    rows = made().measure([0.5])
    assert "2 are known already" in made.said[-len(rows) + 1]
    assert len(count) == len(rows) + 1  # each was measured once, and one was broken off


def test_a_table_of_other_settings_is_not_mixed_in(made):
    made(pictures=3).measure([0.5])
    with pytest.raises(PPMobileError, match="measured on 3 pictures, and now it would be 5; --overwrite begins anew"):
        made(pictures=5)
    with pytest.raises(PPMobileError, match="measured with --importance l1, and now it would be fpgm; --overwrite"):
        made(pictures=3, kind="fpgm")
    table = made(pictures=5, overwrite=True)
    assert table.rows == [] and not (table.folder / "sensitivity.csv").exists()
    assert made(pictures=5).rows == []  # stopped before its first row, it does not take up the old ones


def test_a_table_of_other_pictures_is_not_mixed_in(made, trained, tmp_path):
    made().measure([0.5])
    for change, said in ((lambda config: config.data.val.update(file="test_list.txt"), "data.val"),
                         (lambda config: config.transforms.eval.insert(0, {"name": "Flip"}), "transforms.eval")):
        config = load(trained / "config.yml")
        change(config)
        with pytest.raises(PPMobileError, match=f"measured with another {said}; --overwrite begins anew"):
            sensitivity.Sensitivity(trained, config, tmp_path / "图 table")


def test_the_command_measures_draws_and_proposes(trained, tmp_path, capsys):
    folder = tmp_path / "表"
    arguments = ["slim", "sensitivity", "-w", str(trained), "--pictures", "3", "--out", str(folder)]
    assert main([*arguments, "--ratios", "0.5", "0"]) == 0
    said = capsys.readouterr().out
    assert "without training again, each alone loses 0.01 of top1" in said and "{name: Prune, sensitivity: " in said
    assert "a loss of 0.01 of 3 pictures is less than 3 of them, which may be chance" in said
    assert "importance" not in said  # that of Prune, unless it is told otherwise
    assert {row["ratio"] for row in sensitivity.read(folder / "sensitivity.csv")} == {0.0, 0.5}
    assert (folder / "sensitivity.png").stat().st_size > 2000
    assert main([*arguments, "--ratios", "0"]) == 2
    assert "--ratios: needs a share above 0" in capsys.readouterr().err


def test_the_printed_step_cuts_the_channels_that_were_measured(trained, tmp_path, capsys):
    import yaml

    folder = tmp_path / "l2"
    assert main(["slim", "sensitivity", "-w", str(trained), "--out", str(folder), "--ratios", "0.5", "--importance",
                 "l2", "--drop", "0.5"]) == 0
    said = capsys.readouterr().out
    step = STEPS.build(yaml.safe_load(said.rstrip().splitlines()[-1])[0])
    assert (step.importance, step.sensitivity, step.drop) == ("l2", str(folder / "sensitivity.csv"), 0.5)
    assert "may be chance" not in said  # a half of 6 pictures


def test_prune_takes_the_table(made, trained):
    table = made()
    table.measure([0.25, 0.5])
    step = Prune(sensitivity=str(table.folder / "sensitivity.csv"), drop=0.2)
    assert step.wanted(table.coupling) == table.proposed(0.2)


def test_what_is_proposed_by_hand():
    # 0.9 of the whole net; at most 0.05 may be lost: a crosses 0.85 half-way from 0.25 to 0.5, b never does
    rows = [{"group": "a", "ratio": 0.0, "metric": 0.9}, {"group": "a", "ratio": 0.25, "metric": 0.88},
            {"group": "a", "ratio": 0.5, "metric": 0.82}, {"group": "b", "ratio": 0.5, "metric": 0.9}]
    table = object.__new__(sensitivity.Sensitivity)
    table.rows = rows
    assert table.proposed(0.05) == pytest.approx({"a": 0.375, "b": 0.5})


def test_the_picture_is_drawn(tmp_path):
    rows = [{"group": name, "ratio": ratio, "metric": 0.9 - ratio * loss} for name, loss in (("a.b", 0.1), ("c", 1.0))
            for ratio in (0.0, 0.25, 0.5)]
    sensitivity.draw(rows, "top1", tmp_path / "é.png")
    assert (tmp_path / "é.png").stat().st_size > 2000


def test_the_label_of_a_narrow_picture_is_not_cut_off(tmp_path):
    rows = [{"group": "backbone.stem.conv", "ratio": ratio, "metric": 0.9 - ratio} for ratio in (0.0, 0.5)]
    sensitivity.draw(rows, "bbox_mAP_50_95", tmp_path / "a.png")
    picture = read_image(tmp_path / "a.png")
    assert (picture[:, -5:] == 255).all() and (picture[:, :5] == 255).all()  # a margin


def test_pictures_from_all_over():
    assert sensitivity.spread(list(range(10)), 3) == [0, 4, 9] and sensitivity.spread([1, 2], 5) == [1, 2]


def test_wrong_ratio_and_damaged_table(made, tmp_path):
    with pytest.raises(ConfigError, match="--ratios: must be the share"):
        made().measure([1.0])
    (tmp_path / "t.csv").write_text("group,ratio\na,b\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="is no table of group, ratio, metric, width, .*--overwrite measures it anew"):
        sensitivity.read(tmp_path / "t.csv")
