"""Random configs and overrides: each loads, or ends in one line of ConfigError, and never in anything else."""

import string

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ppmobile.config import load
from ppmobile.errors import ConfigError

KEYS = st.sampled_from(["task", "model", "backbone", "neck", "head", "pretrained", "data", "train", "val", "workers",
                        "transforms", "eval", "batch", "lr", "epochs", "optimizer", "schedule", "groups", "match",
                        "freeze_bn", "metric", "seed", "output", "name", "scale", "size", "k", "p", "milestones",
                        "processes", "alpha", "root", "_BASE_", "", "0"])
WORDS = st.sampled_from(["classify", "PPLCNet", "ClassifyHead", "Flip", "Resize", "Pad", "Normalize", "Mixup",
                         "Momentum", "Step", "Cosine", "TopK", "ImageList", "Digits", "None", "off", "{name}", ""])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-3, 300), st.integers(), st.floats(), WORDS,
                    st.text(max_size=5), st.just(10 ** 400))
TREES = st.recursive(SCALARS, lambda inner: st.one_of(
    st.lists(inner, max_size=3), st.dictionaries(st.one_of(KEYS, st.integers(0, 1)), inner, max_size=4)), max_leaves=12)
CONFIGS = st.fixed_dictionaries(
    {"task": st.just("classify")},
    optional={"model": st.fixed_dictionaries({"backbone": TREES}, optional={"head": TREES, "neck": TREES}),
              "data": st.fixed_dictionaries({"train": TREES}), "train": st.dictionaries(KEYS, TREES, max_size=3),
              "transforms": st.fixed_dictionaries({}, optional={
                  k: st.lists(st.dictionaries(KEYS, st.one_of(WORDS, TREES), max_size=3), max_size=2)
                  for k in ("train", "eval", "batch")}), "seed": SCALARS})
SLOW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def loads_or_refuses(source, overrides=()):
    """Whatever comes, the answer is a Config or a ConfigError of one line."""
    try:
        load(source, overrides)
    except ConfigError as error:
        assert str(error) and "\n" not in str(error) and len(str(error)) < 1200


@SLOW
@given(TREES.filter(lambda tree: isinstance(tree, dict)))
def test_any_tree(tree):
    loads_or_refuses(tree)


@SLOW
@given(CONFIGS)
def test_any_tree_of_about_the_right_shape(tree):
    loads_or_refuses(tree)


@SLOW
@given(st.lists(st.tuples(st.lists(st.one_of(KEYS, st.text(string.printable, max_size=3)), max_size=4), TREES),
                max_size=3))
def test_any_override(pairs):
    good = {"task": "classify", "model": {"backbone": {"name": "PPLCNet"}}, "transforms": {"train": [{"name": "Flip"}]}}
    loads_or_refuses(good, [f"{'.'.join(keys)}={value!r}" for keys, value in pairs])


@SLOW
@given(st.text())
def test_any_text(text):
    loads_or_refuses({"task": "classify"}, [text, "seed=" + text])
