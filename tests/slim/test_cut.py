"""Cuts: what they cost is known before, any choice of channels runs, and a failure leaves the net as it was."""

import numpy as np
import pytest
from cut_nets import SIZE, answers, classifier, net_of
from hypothesis import given, settings
from hypothesis import strategies as st
from paddle import nn

from ppmobile.errors import PPMobileError
from ppmobile.models.backbones import MobileNetV3
from ppmobile.models.blocks import ConvBN
from ppmobile.models.structure import widths_of
from ppmobile.profiling.macs import count
from ppmobile.slim import cut as cutting
from ppmobile.slim.coupling import couple
from ppmobile.slim.cut import cut, cut_checked, predicted
from ppmobile.slim.select import keep_mask


class Pair(nn.Layer):
    """Two convolutions of 8 and 16 channels."""

    def __init__(self):
        super().__init__()
        self.stem, self.last, self.frozen = ConvBN(3, 8, 3), nn.Conv2D(8, 16, 3, padding=1), ConvBN(16, 2, 1)
        for parameter in self.frozen.parameters():
            parameter.stop_gradient = True

    def forward(self, image):
        """A list of one map of 2 channels."""
        return [self.frozen(self.last(self.stem(image)))]


def test_prediction_by_hand():
    model = net_of(Pair())
    coupling, now = couple(model, SIZE), count(model, (1, 3, *SIZE))
    keep = np.ones(coupling.count, bool)
    keep[coupling.outputs["backbone.stem.conv"][:2]] = False
    keep[coupling.outputs["backbone.last"][:5]] = False
    macs, params = predicted(model, coupling, keep, now)
    # 16 x 16 places: 3x3 from 3 to 6, 3x3 from 6 to 11, 1x1 from 11 to 2; frozen numbers are not parameters
    assert macs == 256 * (9 * 3 * 6 + 9 * 6 * 11 + 11 * 2)
    assert params == 27 * 6 + 2 * 6 + 9 * 6 * 11 + 11
    _, after = cut_checked(model, coupling, keep, SIZE)
    assert (after.macs, after.params) == (macs, params)


@pytest.fixture(scope="module")
def uncut():
    """(Model, its Coupling, its weights) with depthwise, gates and residual sums."""
    model = classifier(MobileNetV3(scale=0.35, out_strides=[8]))
    return model, couple(model, SIZE), {key: value.numpy() for key, value in model.state_dict().items()}


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_any_ratios_give_multiples_that_run(uncut, data):
    _, coupling, weights = uncut
    model = classifier(MobileNetV3(scale=0.35, out_strides=[8]))
    model.set_state_dict(weights)
    ratios = {group.name: data.draw(st.sampled_from([0.0, 0.2, 0.5, 0.9, 0.99])) for group in coupling.groups}
    scores = {group.name: np.random.default_rng(0).random(group.width) for group in coupling.groups}
    keep = keep_mask(coupling, scores, ratios)
    want = predicted(model, coupling, keep, count(model, (1, 3, *SIZE)))
    cut_checked(model, coupling, keep, SIZE)
    after = count(model, (1, 3, *SIZE))
    assert (after.macs, after.params) == want
    widths = widths_of(model)
    for group in coupling.groups:
        own = widths[group.name][1]
        assert own % 8 == 0 or own == group.width
    assert np.isfinite(answers(model)[0]).all()


def test_a_cut_net_is_coupled_and_cut_again(uncut):
    model = classifier(MobileNetV3(scale=0.35, out_strides=[8]))
    for _ in range(2):
        coupling = couple(model, SIZE)
        keep = np.ones(coupling.count, bool)
        for group in coupling.groups:
            keep[group.atoms[:group.width // 3]] = False
        cut_checked(model, coupling, keep, SIZE)
    built = widths_of(uncut[0])
    assert model.structure["widths"] == {p: w for p, w in widths_of(model).items() if w != built[p]}


@pytest.mark.parametrize("fault", ["crash", "other costs"])
def test_a_failed_cut_leaves_the_net_as_it_was(uncut, monkeypatch, fault):
    model, coupling, weights = uncut
    keep = np.ones(coupling.count, bool)
    keep[coupling.groups[0].atoms[:2]] = False
    before, structure, outputs = widths_of(model), model.structure, answers(model)

    def crooked(model, coupling, keep):
        """Cuts rightly, and then a layer too much, which does not fit or does not show."""
        cut(model, coupling, keep)
        layer = model.backbone.stem.bn if fault == "crash" else model.head.fc
        cutting.cut_layer(layer, np.arange(len(layer.weight)), np.arange(2))

    monkeypatch.setattr(cutting, "cut", crooked)
    message = "does not run" if fault == "crash" else "instead of the predicted"
    with pytest.raises(PPMobileError, match=message) as error:
        cut_checked(model, coupling, keep, SIZE)
    assert "\n" not in str(error.value)
    assert widths_of(model) == before and model.structure == structure
    assert all((value.numpy() == weights[key]).all() for key, value in model.state_dict().items())
    assert (answers(model)[0] == outputs[0]).all()
