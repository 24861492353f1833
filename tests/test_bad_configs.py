"""What users write wrongly, each with the exact line they get."""

import pytest

import ppmobile
from ppmobile.config import load
from ppmobile.errors import ConfigError

GOOD = """task: classify
model: {backbone: {name: PPLCNet, scale: 0.25}}
data: {train: {name: ImageFolder, root: pictures}}
transforms: {train: [{name: RandomResizedCrop, size: 32}, {name: Flip}]}
train: {epochs: 2, lr: 1e-2}
"""
BACKBONES = "EfficientNetB0, MobileNetV1, MobileNetV2, MobileNetV3, PPLCNet, PPLCNetV2, ResNeSt, ResNet, ResNetVd"
READERS = "CocoDetection, DigitScenes, Digits, ImageFolder, ImageList, LabelMeDetection, VocDetection, YoloDetection"
SCALES = "0.25, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5"
SECTIONS = "task, model, data, transforms, train, eval, slim, seed, output"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty current folder, so that messages name files shortly."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(source, overrides=(), build=False):
    """The message of the ConfigError; it must be one line."""
    with pytest.raises(ConfigError) as error:
        ppmobile.build(source, 7, overrides) if build else load(source, overrides)
    text = str(error.value)
    assert "\n" not in text and len(text) < 400
    return text


OVERRIDES = [
    # keys that do not exist
    ("weights=x", "weights: unknown key. Did you mean 'model.pretrained'? (-o)"),
    ("epochs=3", "epochs: unknown key. Did you mean 'train.epochs'? (-o)"),
    ("epoch=3", "epoch: unknown key. Did you mean 'train.epochs'? (-o)"),
    ("learning_rate=1", "learning_rate: unknown key. Did you mean 'train.lr'? (-o)"),
    ("scale=0.5", "scale: unknown key. Did you mean 'model.backbone.scale'? (-o)"),
    ("num_classes=5", "num_classes: unknown key. The class count comes from the data set, remove it. (-o)"),
    ("Arch.name=PPLCNet", "Arch: unknown key. Did you mean 'model'? (-o)"),
    ("zzz=5", f"zzz: unknown key. Known: {SECTIONS} (-o)"),
    ("train.epohcs=3", "train.epohcs: unknown key. Did you mean 'epochs'? (-o)"),
    ("train.workers=3", "train.workers: unknown key. Did you mean 'data.workers'? (-o)"),
    ("train.weight_decay=0", "train.weight_decay: unknown key. It is an option of 'train.optimizer'. (-o)"),
    ("_BASE_=x.yml", "_BASE_: unknown key. It belongs at the top of a file. (-o)"),
    # values of the wrong type
    ("train.epochs=many", "train.epochs: expected a whole number, got 'many' (-o)"),
    ("train.epochs='3'", "train.epochs: expected a whole number, got '3'; remove the quotes (-o)"),
    ("train.epochs=1.5", "train.epochs: expected a whole number, got 1.5 (-o)"),
    ("train.epochs=1e2", "train.epochs: expected a whole number, got 100.0; write 100 (-o)"),
    ("train.epochs=true", "train.epochs: expected a whole number, got true (-o)"),
    ("train.epochs=", "train.epochs: expected a whole number, got nothing (-o)"),
    ("train.epochs=[3]", "train.epochs: expected a whole number, got [3] (-o)"),
    ("train.lr=fast", "train.lr: expected a number, got 'fast' (-o)"),
    ("train.lr=0,1", "train.lr: expected a number, got '0,1'; write 0.1 (-o)"),
    ("train.lr=.nan", "train.lr: expected a finite number, got nan (-o)"),
    ("train.lr=-.inf", "train.lr: expected a finite number, got -inf (-o)"),
    ("train.lr=1e999", "train.lr: expected a finite number, got inf (-o)"),
    ("train.visualdl=no", "train.visualdl: expected true or false, got 'no'; write false (-o)"),
    ("train.visualdl=1", "train.visualdl: expected true or false, got 1; write true (-o)"),
    ("output=7", "output: expected a text, got 7; in quotes it is a text: \"7\" (-o)"),
    ("output=''", "output: is an empty text (-o)"),
    ("model.pretrained=None", "model.pretrained: got the text 'None'; for nothing write null (-o)"),
    ("train=5", "train: expected a block of keys, got 5 (-o)"),
    ("train=[{epochs: 3}]", "train: expected a block of keys, got [{'epochs': 3}] (-o)"),
    ("train=", "train: expected a block of keys, got nothing (-o)"),
    ("train.freeze_bn=backbone.*", "train.freeze_bn: expected a list, got 'backbone.*'; write ['backbone.*'] (-o)"),
    ("transforms.train={name: Flip}", "transforms.train: expected a list, got {'name': 'Flip'} (-o)"),
    # values out of range
    ("train.epochs=0", "train.epochs: must be at least 1, got 0 (-o)"),
    ("train.lr=0", "train.lr: must be above 0, got 0.0 (-o)"),
    ("train.ema_decay=1", "train.ema_decay: must be below 1, got 1.0 (-o)"),
    ("train.amp=fp61", "train.amp: must be one of off, fp16, bf16, got 'fp61'. Did you mean 'fp16'? (-o)"),
    ("train.amp=false", "train.amp: must be one of off, fp16, bf16, got false (-o)"),
    ("task=juggle", "task: must be one of classify, detect, got 'juggle' (-o)"),
    ("task=", "task: must be one of classify, detect, got nothing (-o)"),
    ("train.groups=[{lr: 1}]", "train.groups.0.match: is missing; write for example `match: backbone.*` (-o)"),
    # parts of every kind
    ("model.backbone.name=pplcnet",
     f"model.backbone.name: unknown backbone 'pplcnet'. Did you mean 'PPLCNet'? Known: {BACKBONES} (-o)"),
    ("model.head.name=ClasifyHead",
     "model.head.name: unknown head 'ClasifyHead'. Did you mean 'ClassifyHead'? Known: ClassifyHead, FasterRCNNHead, "
     "PicoHead, SSDHead, YOLOv3Head (-o)"),
    ("data.train.name=ImageLst",
     f"data.train.name: unknown reader 'ImageLst'. Did you mean 'ImageList'? Known: {READERS} "
     "(-o)"),
    ("transforms.batch=[{name: MixUp}]",
     "transforms.batch.0.name: unknown batch transform 'MixUp'. Did you mean 'Mixup'? Known: CutMix, Mixup, MultiScale "
     "(-o)"),
    ("train.optimizer.name=sgd",
     "train.optimizer.name: unknown optimizer 'sgd'. Did you mean 'SGD'? Known: Adam, AdamW, Momentum, RMSProp, SGD "
     "(-o)"),
    ("train.schedule.name=Coisne",
     "train.schedule.name: unknown schedule 'Coisne'. Did you mean 'Cosine'? Known: Constant, Cosine, Polynomial, Step "
     "(-o)"),
    ("eval.metric.name=Top",
     "eval.metric.name: unknown metric 'Top'. Did you mean 'TopK'? Known: CocoMap, TopK, VocMap (-o)"),
    ("model.backbone=PPLCNet", "model.backbone: expected {name: ..., options} of a backbone, got 'PPLCNet'; write "
                               "{name: PPLCNet} (-o)"),
    ("transforms.train=[Flip]", "transforms.train.0: expected {name: ..., options} of a transform, got 'Flip'; write "
                                "{name: Flip} (-o)"),
    ("data.val={root: x}", "data.val: expected {name: ..., options} of a reader, got {'root': 'x'}. Known: "
                           f"{READERS} (-o)"),
    ("data.val={nmae: Digits}", "data.val: expected {name: ..., options} of a reader, got {'nmae': 'Digits'}; did you "
                                "mean 'name' by 'nmae'? (-o)"),
    # options of parts
    ("model.backbone.scal=1", "model.backbone.scal: PPLCNet has no option 'scal'. Did you mean 'scale'? (-o)"),
    ("model.backbone.depth=50", "model.backbone.depth: PPLCNet has no option 'depth'. Known: scale, out_strides (-o)"),
    ("model.head.num_classes=7", "model.head.num_classes: is set by the program, remove it from the config (-o)"),
    ("model.backbone.scale=x1_0", "model.backbone.scale: expected a number, got 'x1_0' (-o)"),
    ("model.backbone.scale=", "model.backbone.scale: expected a number, got nothing (-o)"),
    ("data.train={name: ImageList, root: x}", "data.train: ImageList needs the option 'file' (-o)"),
    ("transforms.train.0.scale=0.5", "transforms.train.0.scale: expected a list, got 0.5; write [0.5] (-o)"),
    ("transforms.train.0.size=0", "transforms.train.0: RandomResizedCrop: size must be a positive whole number or "
                                  "[height, width], got 0 (-o)"),
    ("train.schedule={name: Step, milestones: 30}",
     "train.schedule.milestones: expected a list, got 30; write [30] (-o)"),
    ("train.optimizer.momentum=[0.9]", "train.optimizer.momentum: expected a number, got [0.9] (-o)"),
    # overrides that are none
    ("train.epochs 3", "-o train.epochs 3: expected a.b=value without spaces, for example -o train.epochs=3"),
    ("train..epochs=3", "-o train..epochs=3: expected a.b=value without spaces, for example -o train.epochs=3"),
    ("=3", "-o =3: expected a.b=value without spaces, for example -o train.epochs=3"),
    ("train.epochs.x=3", "train.epochs: has no keys inside, it is 2 (-o train.epochs.x=3)"),
    ("transforms.train.2.size=3", "transforms.train.2: the list has 2 entries, counted from 0 (-o)"),
    ("transforms.train.x.size=3", "transforms.train.x: the list has 2 entries, counted from 0 (-o)"),
    ("transforms.train.-1={name: Flip}", "transforms.train.-1: the list has 2 entries, counted from 0 (-o)"),
    ("train.epochs=[1", "-o train.epochs=[1 line 1: not valid YAML: expected ',' or ']', but got '<stream end>'"),
    ("seed=!!int x", "-o seed=!!int x: not valid YAML: a value does not fit its !! tag"),
    ("seed=!!python/name:os.system", "-o seed=!!python/name:os.system line 1: not valid YAML: could not determine a "
                                     "constructor for the tag 'tag:yaml.org,2002:python/name:os.system'"),
]


@pytest.mark.parametrize("override, message", OVERRIDES, ids=[o for o, _ in OVERRIDES])
def test_override(here, override, message):
    (here / "good.yml").write_text(GOOD, encoding="utf-8")
    assert refused("good.yml", [override]) == message


BUILDS = [
    ("model.backbone.scale=0.33",
     f"model.backbone: PPLCNet: scale 0.33 is not supported, use one of {SCALES} (-o)"),
    ("model.backbone.out_strides=5",
     "model.backbone: PPLCNet: out_strides 5 is not supported, use a growing list of [2, 4, 8, 16, 32] (-o)"),
    ("model.head.dropout=1",
     "model.head: ClassifyHead: dropout 1 and label_smoothing 0.0 must be in [0, 1) (-o)"),
]


@pytest.mark.parametrize("override, message", BUILDS, ids=[o for o, _ in BUILDS])
def test_what_only_the_class_can_refuse(here, override, message):
    (here / "good.yml").write_text(GOOD, encoding="utf-8")
    assert refused("good.yml", [override], build=True) == message


FILES = [
    ("tsk: classify\n", "tsk: unknown key. Did you mean 'task'? (a.yml)"),
    ("seed: 1\n", "task: is missing; write for example `task: classify` (a.yml)"),
    ("task: classify\n", "model: is missing; write for example `model: {backbone: {name: PPLCNet}}` (a.yml)"),
    ("task: classify\nmodel: {}\n", "model.backbone: is missing; write for example `backbone: {name: PPLCNet}` "
                                    "(a.yml)"),
    ("task: classify\nmodel:\n", "model: expected a block of keys, got nothing (a.yml)"),
    ("train.epochs: 3\n", "train.epochs: unknown key. Dots are for -o; in a file write train: {epochs: ...} (a.yml)"),
    ("", "a.yml: a config is a block of keys, this file holds nothing"),
    ("# only a comment\n", "a.yml: a config is a block of keys, this file holds nothing"),
    ("- task: classify\n", "a.yml: a config is a block of keys, this file holds [{'task': 'classify'}]"),
    ("task classify\n", "a.yml: a config is a block of keys, this file holds 'task classify'"),
    ("task: [classify\n", "a.yml line 2: not valid YAML: expected ',' or ']', but got '<stream end>'"),
    ("task: classify\n\tseed: 1\n", "a.yml line 2: not valid YAML: found character '\\t' that cannot start any token"),
    ("seed: 1\ntask: classify\nseed: 2\n", "a.yml line 3: not valid YAML: the key 'seed' stands there twice"),
    ("train: {lr: 1, lr: 2}\n", "a.yml line 1: not valid YAML: the key 'lr' stands there twice"),
    ("1: 2\n", "a.yml: 1 stands where a key belongs, but keys are words"),
    ("a: &a [*a]\n", "a.yml: nested too deep or repeated too often to be a config; write it without aliases"),
    ("a: !!binary aGk=\n", "a.yml: a config holds texts, numbers, true, false, null, lists and blocks, not a bytes"),
    ("task: classify\n---\ntask: classify\n", "a.yml line 2: not valid YAML: but found another document"),
    ("_BASE_: a.yml\n", "_BASE_: the base files form a circle: a.yml -> a.yml (a.yml)"),
    ("_BASE_: b.yml\n", "_BASE_: the base files form a circle: a.yml -> b.yml -> a.yml (b.yml)"),
    ("_BASE_: goood.yml\n",
     "goood.yml: cannot read the config: no such file. Did you mean 'good.yml'? (_BASE_ of a.yml)"),
    ("_BASE_: 5\n", "_BASE_: expected a file or a list of files, got 5 (a.yml)"),
    ("_BASE_: {file: good.yml}\n", "_BASE_: expected a file or a list of files, got {'file': 'good.yml'} (a.yml)"),
    ("_BASE_: [good.yml, [b.yml]]\n",
     "_BASE_: expected a file or a list of files, got ['good.yml', ['b.yml']] (a.yml)"),
    ("_BASE_: good.yml\ntrain: {epochs: x}\n", "train.epochs: expected a whole number, got 'x' (a.yml)"),
    ("_BASE_: wrong.yml\nseed: 1\n", "train.epochs: must be at least 1, got 0 (wrong.yml)"),
    ("_BASE_: good.yml\ntrain: {_BASE_: b.yml}\n",
     "train._BASE_: unknown key. It belongs at the top of a file. (a.yml)"),
    ("_BASE_: wrong.yml\nmodel: {backbone: {name: ResNetVd, scale: 1}}\n",
     "model.backbone.scale: ResNetVd has no option 'scale'. Known: depth, out_strides (a.yml)"),
]


@pytest.mark.parametrize("text, message", FILES, ids=[m.split("(")[0][:50] for _, m in FILES])
def test_file(here, text, message):
    (here / "good.yml").write_text(GOOD, encoding="utf-8")
    (here / "b.yml").write_text("_BASE_: a.yml\n", encoding="utf-8")
    (here / "wrong.yml").write_text(GOOD.replace("epochs: 2", "epochs: 0"), encoding="utf-8")
    (here / "a.yml").write_text(text, encoding="utf-8")
    assert refused("a.yml") == message


def test_files_that_cannot_be_read(here):
    (here / "digits.yml").write_text(GOOD, encoding="utf-8")
    (here / "latin.yml").write_bytes("task: classifié".encode("latin-1"))
    (here / "folder.yml").mkdir()
    assert refused("digit.yml") == "digit.yml: cannot read the config: no such file. Did you mean 'digits.yml'?"
    assert refused("zzzzzz/q.yml") == "zzzzzz/q.yml: cannot read the config: no such file."
    assert refused("latin.yml") == "latin.yml: cannot read the config: it is not UTF-8 text."
    assert refused("folder.yml") == "folder.yml: cannot read the config: Is a directory."
    assert refused("a\0.yml").startswith("a\0.yml: cannot read the config: embedded null byte.")
    assert refused("x" * 300).startswith("xxx")


def test_dicts(here):
    assert refused({}) == "task: is missing; write for example `task: classify` (the given dict)"
    assert refused({"task": "classify", "model": {"backbone": {"name": "PPLCNet", "scale": 0.33}}}, build=True) == (
        f"model.backbone: PPLCNet: scale 0.33 is not supported, use one of {SCALES} (the given dict)")
    assert refused({"_BASE_": "x.yml"}) == "_BASE_: unknown key. It belongs at the top of a file. (the given dict)"
    assert refused(None) == "a config is a file or a dict, not nothing"
    assert refused(5) == "a config is a file or a dict, not 5"


def test_ten_lines_of_aliases_do_not_fill_the_memory(here):
    lines = ["l0: &l0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]" for i in range(1, 12)]
    (here / "a.yml").write_text("\n".join(lines), encoding="utf-8")
    assert refused("a.yml") == ("a.yml: nested too deep or repeated too often to be a config; write it without aliases")


def test_brackets_without_end(here):
    (here / "a.yml").write_text("a: " + "[" * 5000, encoding="utf-8")
    assert "a.yml" in refused("a.yml")


def test_a_config_named_without_its_folder_is_found(here):
    (here / "configs" / "classify").mkdir(parents=True)
    (here / "configs" / "classify" / "pplcnet_x1_0.yml").write_text(GOOD, encoding="utf-8")
    for name in ("pplcnet_x1_0", "pplcnet_x1_0.yml", "pplcnet_x10.yml"):
        assert refused(name) == (f"{name}: cannot read the config: no such file. "
                                 "Did you mean 'configs/classify/pplcnet_x1_0.yml'?")


@pytest.mark.parametrize("count, message", [
    ("3", "num_classes: expected a whole number, got '3'; remove the quotes"),
    (True, "num_classes: expected a whole number, got true"), (3.0, "num_classes: expected a whole number, got 3.0; "
                                                                    "write 3"),
    (0, "num_classes: must be at least 1, got 0"), (-1, "num_classes: must be at least 1, got -1"),
])
def test_class_counts_of_the_python_interface(count, message):
    with pytest.raises(ConfigError) as error:
        ppmobile.build({"task": "classify", "model": {"backbone": {"name": "PPLCNet", "scale": 0.25}}}, count)
    assert str(error.value) == message
