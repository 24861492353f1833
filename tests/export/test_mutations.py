"""Each field of deploy.yml and each file of an artefact, changed once: loading and verifying must fail and name it."""

import functools
import json

import pytest
from damage import reseal

from ppmobile import artefact
from ppmobile.errors import ExportError, PPMobileError
from ppmobile.export.verify import verify
from ppmobile.yaml_text import dump_yaml, parse_yaml

KINDS = ("missing", "empty", "cut", "changed")


def leaves(tree, place=()):
    """The place of each plain value of nested dicts and lists, as a tuple of keys; an empty block is a value, too."""
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    found = [leaf for key, value in entries for leaf in leaves(value, (*place, key))]
    return found or [place]


def blocks(tree, place=()):
    """The place of each dict and list."""
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree)
    inner = [(key, value) for key, value in entries if isinstance(value, (dict, list))]
    return [place] + [block for key, value in inner for block in blocks(value, (*place, key))]


def inside(tree, place):
    """What lies at a place."""
    return functools.reduce(lambda node, key: node[key], place, tree)


def other(value):
    """A value of the same type, but another one; a text for nothing."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    return f"{value}x" if isinstance(value, str) else "x"


def deploy_of(folder):
    """deploy.yml as plain values, with its files."""
    return parse_yaml((folder / "deploy.yml").read_text(encoding="utf-8"), "deploy.yml")


def write(folder, tree):
    """Write deploy.yml."""
    (folder / "deploy.yml").write_text(dump_yaml(tree), encoding="utf-8")


def refusal(folder):
    """What reading, as every predictor does it, says of the folder."""
    with pytest.raises(PPMobileError) as error:
        artefact.read(folder)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def finding(folder):
    """What verify says of the files; no runtime is run."""
    try:
        report = verify(folder, runtimes=[], count=1)
    except ExportError as error:
        return str(error)
    stage = report.stages[0]
    assert stage.name == "files" and stage.verdict == "FAILED" and not report.passed
    return stage.reason


def named(place, message):
    """Whether a message names the place: its dotted name, that of the list it is in, or the file for its hash."""
    place = place[:-1] if isinstance(place[-1], int) else place
    return (place[1] if place[0] == "files" and len(place) > 1 else ".".join(map(str, place))) in message


def test_each_value_changed_is_named(copied):
    whole = deploy_of(copied)
    places = leaves(whole)
    assert len(places) > 30 and {place[0] for place in places} == {*artefact.FIELDS, "files"}
    for place in places:
        tree = deploy_of(copied)
        inside(tree, place[:-1])[place[-1]] = other(inside(whole, place))
        write(copied, tree)
        assert named(place, refusal(copied)), place
        write(copied, whole)
    assert artefact.read(copied).problems == []


def test_each_value_removed_is_named(copied):
    whole = deploy_of(copied)
    for place in leaves(whole):
        tree = deploy_of(copied)
        del inside(tree, place[:-1])[place[-1]]
        write(copied, tree)
        # a file without a hash is refused where it is used; verify names all of them
        assert named(place, finding(copied) if place[0] == "files" else refusal(copied)), place
        write(copied, whole)


def test_each_addition_is_named(copied):
    whole = deploy_of(copied)
    for place in blocks(whole):
        tree = deploy_of(copied)
        node = inside(tree, place)
        key = "addition" if isinstance(node, dict) else len(node)
        node.update(addition=None) if isinstance(node, dict) else node.append(None)
        write(copied, tree)
        assert named((*place, key), refusal(copied)), place
        write(copied, whole)


@pytest.mark.parametrize("field", ["preprocess.1.scale", "classes.0", "postprocess.topk", "task"])
def test_verify_names_a_changed_value_and_goes_on(copied, field):
    tree = deploy_of(copied)
    *place, last = [int(key) if key.isdigit() else key for key in field.split(".")]
    inside(tree, place)[last] = other(inside(tree, (*place, last)))
    write(copied, tree)
    report = verify(copied, runtimes=[], count=1)
    assert field in report.stages[0].reason and [s.name for s in report.stages] == ["files", "preprocess", "traced"]
    assert report.stages[1].verdict == ("FAILED" if field.startswith("preprocess") else "passed")
    assert report.stages[2].verdict == "passed"  # the graph is as it was, and golden.json's steps lead there


def test_each_file_damaged_is_named(copied):
    names = sorted(artefact.read(copied).files)
    assert names == ["golden.json", "golden.png", "inference.pdiparams", "inference.pdmodel"]
    for name in names:
        data = (copied / name).read_bytes()
        middle = len(data) // 2
        for kind in KINDS:
            flipped = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1:]
            (copied / name).write_bytes({"empty": b"", "cut": data[:middle]}.get(kind, flipped))
            if kind == "missing":
                (copied / name).unlink()
            assert name in refusal(copied) and name in finding(copied), (name, kind)
            (copied / name).write_bytes(data)
    assert verify(copied, runtimes=["paddle-fp32"], count=1).passed


@pytest.mark.parametrize(("text", "message"), [
    (b"", "expected fields"), (b"format: 1\n", "files: the list"), (b"\xff\xfe", "not UTF-8"),
    (b"a: [", "not valid YAML"), (b"format: 2\n", "format 2 is newer"), (b"format: one\n", "format: expected 1")])
def test_a_damaged_deploy_yml_is_named(copied, text, message):
    (copied / "deploy.yml").write_bytes(text)
    assert message in refusal(copied) and "deploy.yml" in refusal(copied)
    with pytest.raises(PPMobileError, match=message):
        verify(copied)


@pytest.mark.parametrize("change", [
    lambda steps: steps[1].update(mean=[0.5, 0.5, 0.5]), lambda steps: steps[1].update(scale=1 / 256),
    lambda steps: steps[0].update(interp="cubic"), lambda steps: steps[0].update(size=[16, 17])])
def test_preprocessing_changed_in_both_copies_is_named_by_the_hash_of_the_input(copied, change):
    reseal(copied, lambda deploy: change(deploy["preprocess"]))
    assert artefact.read(copied).problems == []
    report = verify(copied, runtimes=[], count=1)
    assert [s.verdict for s in report.stages[:2]] == ["passed", "FAILED"]
    assert report.stages[1].name == "preprocess" and "golden picture" in report.stages[1].reason


@pytest.mark.parametrize("field", ["picture", "input", "output", "layers", "deploy"])
def test_a_golden_sample_without_a_part_is_named(copied, field):
    kept = artefact.golden(copied)
    del kept[field]
    (copied / "golden.json").write_text(json.dumps(kept), encoding="utf-8")
    report = verify(copied, runtimes=[], count=1)
    assert not report.passed and "golden.json" in report.stages[0].reason


def test_a_changed_golden_answer_fails_at_the_traced_graph(copied):
    kept = artefact.golden(copied)
    kept["output"][0] = kept["output"][0][::-1]
    (copied / "golden.json").write_text(json.dumps(kept), encoding="utf-8")
    artefact.seal(copied, artefact.read(copied, check=False).deploy)
    report = verify(copied, runtimes=[], count=1)
    assert [s.verdict for s in report.stages] == ["passed", "passed", "FAILED"]
