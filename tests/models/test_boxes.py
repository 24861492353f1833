"""Boxes on tensors: overlaps against hand-counted areas, deltas that invert, anchors and their assignment."""

import numpy as np
import paddle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppmobile.models import assign
from ppmobile.models.boxes import STD, area, at_least, corners, decode, encode, moved, overlap, pairwise_iou
from ppmobile.predict import anchors, decode_boxes

SIDES = st.floats(1, 100, width=32)
BOX = st.tuples(st.floats(-50, 50, width=32), st.floats(-50, 50, width=32), SIDES, SIDES)
BOXES = st.lists(BOX, min_size=1, max_size=6).map(
    lambda rows: np.float32([[x, y, x + w, y + h] for x, y, w, h in rows]))


def tensor(*rows):
    """Boxes as a (N, 4) tensor."""
    return paddle.to_tensor(np.float32(rows))


def test_pairwise_iou_of_hand_counted_boxes():
    # 10 x 10 and 10 x 10 share 5 x 10: 50 / 150; the third is apart, the fourth empty
    a, b = tensor([0, 0, 10, 10]), tensor([5, 0, 15, 10], [20, 20, 30, 30], [3, 3, 3, 3])
    assert pairwise_iou(a, b).numpy() == pytest.approx(np.array([[1 / 3, 0, 0]]), abs=1e-6)
    assert area(tensor([0, 0, 2, 3], [5, 5, 4, 9])).tolist() == [6, 0]


@settings(max_examples=40, deadline=None)
@given(BOXES, BOXES)
def test_tensors_and_numpy_agree_and_iou_is_a_symmetric_share(first, second):
    ours = pairwise_iou(paddle.to_tensor(first), paddle.to_tensor(second)).numpy()
    assert ours == pytest.approx(decode_boxes.pairwise_iou(first, second), abs=1e-5)
    assert ours == pytest.approx(pairwise_iou(paddle.to_tensor(second), paddle.to_tensor(first)).numpy().T, abs=1e-6)
    assert (ours >= 0).all() and (ours <= 1 + 1e-6).all()


@pytest.mark.parametrize("kind, expected", [
    ("iou", [1, 1 / 3, 0]),
    # hulls of 100, 150 and 30 x 10 = 300 with a union of 200
    ("giou", [1, 1 / 3, -1 / 3]),
    # centres 0, 5 and 20 apart; hulls' diagonals squared 200, 325, 1000
    ("diou", [1, 1 / 3 - 25 / 325, -400 / 1000]),
])
def test_overlap_by_hand(kind, expected):
    first = tensor(*[[0, 0, 10, 10]] * 3)
    second = tensor([0, 0, 10, 10], [5, 0, 15, 10], [20, 0, 30, 10])
    assert overlap(first, second, kind).tolist() == pytest.approx(expected, abs=1e-5)


def test_an_unknown_overlap_is_refused():
    with pytest.raises(ValueError, match="kind 'ciou' is not supported, use one of iou, giou, diou"):
        overlap(tensor([0, 0, 1, 1]), tensor([0, 0, 1, 1]), "ciou")


@settings(max_examples=40, deadline=None)
@given(BOXES)
def test_decode_inverts_encode(boxes):
    boxes, prior = paddle.to_tensor(boxes), tensor([0, 0, 20, 10])
    assert decode(encode(boxes, prior, STD), prior, STD).numpy() == pytest.approx(boxes.numpy(), rel=1e-3, abs=1e-2)


@settings(max_examples=40, deadline=None)
@given(BOXES)
def test_moved_is_decode_cut_at_the_picture(boxes):
    prior, size = tensor([10, 20, 60, 60]), (80, 70)
    boxes = paddle.to_tensor(boxes)
    deltas = encode(boxes, prior, STD)
    expected = np.clip(decode(deltas, prior, STD).numpy(), 0, [70, 80, 70, 80])
    assert moved(prior, deltas, STD, size).numpy() == pytest.approx(expected, rel=1e-3, abs=1e-2)


def test_moved_grows_sides_by_62_at_most():
    got = moved(tensor([5000, 5000, 5010, 5010]), tensor([0, 0, 1000, 1000]), STD, (10000, 10000))
    assert got.numpy() == pytest.approx(np.float32([[5005 - 312.5] * 2 + [5005 + 312.5] * 2]), rel=1e-5)


@settings(deadline=None)
@given(st.floats(17, 2000, width=32))
def test_at_least_is_exact_above_16_pixels(limit):
    below = np.nextafter(np.float32(limit), np.float32(0))
    assert at_least(paddle.to_tensor([below, limit, 2 * limit, 0.0]), limit).tolist() == [0, 1, 1, 0]


def test_deltas_by_hand():
    # the centre moves by half a width and a tenth of a height, the width doubles
    assert encode(tensor([0, 1, 20, 11]), tensor([0, 0, 10, 10]), (0.5, 1, 1, 1)).numpy() == pytest.approx(
        np.array([[1, 0.1, np.log(2), 0]]), abs=1e-6)
    assert corners(tensor([5, 6]), tensor([2, 4])).tolist() == [[4, 4, 6, 8]]


def test_priors_by_hand():
    """Two cells 100 px apart; a square of 20 px, one twice as wide as high, and sqrt(20 * 45) = 30 px."""
    sizes = anchors.shapes(0.1, 0.225, [2])
    got = anchors.priors((1, 2), (100, 200), sizes * [0.5, 1] * 2, 0, clip=False).reshape(2, 4, 4)
    centres = (got[..., :2] + got[..., 2:]) / 2
    assert centres[0] == pytest.approx(np.tile([50, 50], (4, 1))) and centres[1] == pytest.approx(
        np.tile([150, 50], (4, 1)))
    sides = got[0, :, 2:] - got[0, :, :2]
    assert sides == pytest.approx(np.array([[20, 20], [20 * 2**0.5, 20 / 2**0.5], [20 / 2**0.5, 20 * 2**0.5],
                                            [30, 30]]), rel=1e-6)


def test_a_step_of_its_own_and_the_cut():
    sizes = anchors.shapes(0.5, 0, [])
    assert anchors.priors((1, 1), (100, 100), sizes, step=20, clip=False).tolist() == [[-15, -15, 35, 35]]
    assert anchors.priors((1, 1), (100, 100), sizes, step=20).tolist() == [[0, 0, 35, 35]]


def known(boxes, labels, difficult=None, weight=None):
    """A Truth of lists."""
    batch = {"boxes": np.float32(boxes), "labels": np.int64(labels), "difficult": difficult, "weight": weight}
    return assign.truth({k: paddle.to_tensor(v) for k, v in batch.items() if v is not None})


ANCHORS = np.float32([[[40, 40], [80, 80]], [[10, 10], [20, 10]]])


def cells(true, further=1.0):
    """Targets at 64 x 64 with a map of 2 x 2 and one of 4 x 4."""
    return assign.cells_for_boxes(true, ANCHORS, (32, 16), [(2, 2), (4, 4)], 3, further)


def test_a_box_goes_to_the_cell_of_its_centre_and_the_anchor_of_its_shape():
    coarse, fine = cells(known([[[40, 2, 60, 12], [0, 0, 0, 0]], [[4, 4, 60, 60], [1, 1, 1, 9]]], [[2, -1], [0, 1]]))
    assert (fine.picture, fine.anchor, fine.row, fine.column) == ([0], [1], [0], [3])  # centre (50, 7), 20 x 10
    assert fine.offset.tolist() == [[50 / 16 - 3, 7 / 16]] and fine.size.tolist() == [[0, 0]]
    assert fine.scale == pytest.approx([2 - 200 / 4096]) and fine.classes.tolist() == [[0, 0, 1]]
    assert (coarse.picture, coarse.anchor, coarse.row, coarse.column) == ([1], [0], [1], [1])  # 56 px: nearer to 40
    assert coarse.size == pytest.approx(np.log([[56 / 40, 56 / 40]]))


def test_further_anchors_learn_a_box_that_they_overlap_enough():
    true = known([[[4, 4, 60, 60], [40, 2, 60, 12]]], [[1, 2]])
    coarse, fine = cells(true, 0.45)  # 56 x 56: 0.51 of 40 x 40, 0.49 of 80 x 80; 20 x 10: 1, and 0.5 of 10 x 10
    assert (coarse.anchor.tolist(), fine.anchor.tolist()) == ([0, 1], [0, 1])
    assert coarse.boxes.tolist() == [[4, 4, 60, 60]] * 2 and fine.classes.tolist() == [[0, 0, 1]] * 2
    assert coarse.size == pytest.approx(np.log([[56 / 40] * 2, [56 / 80] * 2]))
    coarse, fine = cells(true, 0.5)  # 0.49 is less, and 0.5 is not more
    assert (coarse.anchor.tolist(), fine.anchor.tolist()) == ([0], [1])


def test_a_further_anchor_is_left_to_the_box_that_fits_it_best():
    """10 x 10 and 20 x 10 in one cell overlap each other's anchor by 0.5: neither takes the other's place."""
    true = known([[[20, 20, 30, 30], [16, 20, 36, 30]]], [[0, 1]])
    _, fine = cells(true, 0.45)
    assert fine.anchor.tolist() == [0, 1] and fine.boxes.tolist() == true.boxes[0].tolist()


def test_two_boxes_in_one_place_leave_the_later_with_both_classes():
    _, fine = cells(known([[[16, 16, 26, 26], [17, 17, 28, 28]]], [[0, 2]]))
    assert fine.boxes.tolist() == [[17, 17, 28, 28]] and fine.classes.tolist() == [[1, 0, 1]]


def test_difficult_boxes_are_not_learnt_and_weights_go_along():
    boxes, labels = [[[16, 16, 26, 26], [40, 40, 50, 50]]], [[0, 1]]
    _, fine = cells(known(boxes, labels, [[True, False]], np.float32([[0.5, 0.25]])))
    assert fine.boxes.tolist() == [[40, 40, 50, 50]] and fine.weight.tolist() == [0.25]


def test_a_centre_on_the_far_border_stays_inside():
    _, fine = cells(known([[[60, 60, 68, 68]]], [[0]]))
    assert (fine.row, fine.column) == ([3], [3])


def test_priors_learn_what_they_overlap_and_every_box_is_learnt():
    iou = np.float32([[[0.6, 0.7, 0.1, 0.0], [0.2, 0.8, 0.3, 0.0], [0.9, 0.9, 0.9, 0.9]]])
    learnt, box = assign.boxes_for_priors(iou, np.array([[True, True, False]]))
    assert learnt.tolist() == [[True, True, False, False]] and box[0, :2].tolist() == [0, 1]
    learnt, box = assign.boxes_for_priors(iou[:, :1] / 10, np.array([[True]]))
    assert learnt.tolist() == [[False, True, False, False]]  # too little, but the best there is
    learnt, _ = assign.boxes_for_priors(iou, np.zeros((1, 3), bool))
    assert not learnt.any()


def test_hard_negatives_are_those_of_the_largest_loss():
    loss = np.float32([[9, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6]])
    negative = np.array([[False, True, True, True, True, False], [True] * 6])
    hard = assign.hard_negatives(loss, negative, np.array([1, 0]), ratio=2, share=0.2)
    assert hard.tolist() == [[False, False, False, True, True, False], [False] * 4 + [True, True]]
