"""ATSS and TAL against small cases by hand, and what holds for any boxes and answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppmobile.models.assign import Truth
from ppmobile.models.assign_points import assign_aligned, assign_static, inside, matched_iou, points, smallest
from ppmobile.predict.decode_boxes import pairwise_iou

PLACES = points([(8, 8), (4, 4)], [8, 16])


def truth_of(boxes, labels=None, wanted=None):
    """The Truth of one picture."""
    boxes = np.float32(boxes).reshape(1, -1, 4)
    labels = np.zeros(boxes.shape[:2], np.int64) if labels is None else np.int64([labels])
    there = labels >= 0
    return Truth(boxes, labels, there, there if wanted is None else np.array([wanted]), there.astype(np.float32))


def perfect(box):
    """(1, A, 4): every place answers `box`."""
    return np.broadcast_to(np.float32(box), (1, len(PLACES.centres), 4))


def where(box):
    """Centres of the places that learn anything."""
    return [tuple(centre) for centre in PLACES.centres[box[0] >= 0].tolist()]


def test_points_stand_in_the_middle_of_their_cells():
    places = points([(1, 2), (1, 1)], [8, 16])
    assert places.centres.tolist() == [[4, 4], [12, 4], [8, 8]]
    assert places.strides.tolist() == [8, 8, 16] and places.counts == [2, 1]


def test_inside_is_strict():
    assert inside(np.float32([[4, 4], [8, 4], [9, 4]]), np.float32([[0, 0, 8, 8]])).tolist() == [[True, False, False]]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=30), st.integers(1, 35))
def test_smallest_takes_the_first_of_equal_ones(values, count):
    values = np.float32([values, values[::-1]])
    expected = np.zeros(values.shape, bool)
    np.put_along_axis(expected, np.argsort(values, axis=1, kind="stable")[:, :count], True, axis=1)
    assert np.array_equal(smallest(values, count), expected)


def test_matched_iou_is_the_diagonal_of_all_pairs():
    rng = np.random.default_rng(0)
    first, second = (np.concatenate([low, low + rng.uniform(1, 9, (20, 2))], axis=1)
                     for low in rng.uniform(0, 9, (2, 20, 2)))
    assert matched_iou(first, second) == pytest.approx(np.diag(pairwise_iou(first, second)), rel=1e-6)


def test_atss_by_hand():
    """A box of 40 x 40 around (36, 36), where a cell of stride 8 has its centre.

    Squares of stride 8 have that size too: the middle one fits (IoU 1), its four neighbours overlap by 32/48, the
    corners by 1024/2176. Of stride 16 (80 x 80) the nine nearest hold the box whole or in part, IoU at most 1/4. Mean
    plus deviation of the 18 is 0.63, so five places learn it.
    """
    target = assign_static(PLACES, truth_of([16, 16, 56, 56]), perfect([16, 16, 56, 56]))
    assert sorted(where(target.box)) == [(28, 36), (36, 28), (36, 36), (36, 44), (44, 36)]
    assert target.score[target.box >= 0].tolist() == [1] * 5 and target.score[target.box < 0].max() == 0


def test_tal_takes_the_best_centres_inside():
    box, scores = [16, 16, 56, 56], np.full((1, 80, 2), 0.5, np.float32)
    scores[0, :, 1] = np.arange(80) / 100  # class 1; the answers are all alike, so the score decides
    target = assign_aligned(PLACES, truth_of(box, [1]), perfect(box), scores, best=3)
    within = np.flatnonzero(inside(PLACES.centres, np.float32([box]))[0])
    assert np.flatnonzero(target.box[0] >= 0).tolist() == within[-3:].tolist()
    assert target.score[0, within[-3:]] == pytest.approx(within[-3:] / within[-1], rel=1e-6)  # the best gets its IoU, 1


def test_a_place_of_two_boxes_learns_the_one_it_answers_better():
    boxes, answer = [[16, 16, 56, 56], [20, 20, 60, 60]], [20, 20, 60, 60]
    target = assign_aligned(PLACES, truth_of(boxes), perfect(answer), np.full((1, 80, 1), 0.5, np.float32), best=80)
    both = inside(PLACES.centres, np.float32(boxes)).all(axis=0)
    assert both.any() and (target.box[0, both] == 1).all()


@st.composite
def scenes(draw):
    """(Truth, answers (1, 80, 4), scores (1, 80, 3)) with up to five boxes, some of them difficult."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    count = draw(st.integers(1, 5))
    low = rng.uniform(-5, 60, (count, 2))
    true = truth_of(np.concatenate([low, low + rng.uniform(0.1, 60, (count, 2))], axis=1), rng.integers(-1, 3, count))
    true = true._replace(wanted=true.there & (rng.random((1, count)) < 0.8))
    low = PLACES.centres - rng.uniform(0, 30, (80, 2))
    answers = np.concatenate([low, low + rng.uniform(0, 60, (80, 2))], axis=1).astype(np.float32)[None]
    return true, answers, rng.random((1, 80, 3)).astype(np.float32)


@settings(max_examples=120, deadline=None)
@given(scenes(), st.booleans())
def test_what_is_learnt_is_wanted_and_scored_by_its_overlap(scene, aligned):
    true, answers, scores = scene
    target = assign_aligned(PLACES, true, answers, scores) if aligned else assign_static(PLACES, true, answers)
    places = np.flatnonzero(target.box[0] >= 0)
    box = target.box[0, places]
    assert true.wanted[0, box].all() and (target.score[0, target.box[0] < 0] == 0).all()
    iou = pairwise_iou(true.boxes[0], answers[0])
    if not aligned:
        assert target.score[0, places] == pytest.approx(iou[box, places], abs=1e-5)
    for number in set(box.tolist()):  # a box's places score no more than its best overlap
        mine = places[box == number]
        assert target.score[0, mine].max() <= iou[number, mine].max() + 1e-5


@settings(max_examples=60, deadline=None)
@given(scenes(), st.booleans())
def test_the_order_of_the_boxes_does_not_matter(scene, aligned):
    true, answers, scores = scene
    turned = Truth(*(part[:, ::-1] for part in true))
    first, second = (assign_aligned(PLACES, t, answers, scores) if aligned else assign_static(PLACES, t, answers)
                     for t in (true, turned))
    count = true.labels.shape[1]
    # of several boxes with the same overlap, 0 included, the first is learnt; leave such places out
    iou = pairwise_iou(true.boxes[0], answers[0])
    clear = (np.sort(iou, axis=0)[-2:].max(axis=0) > 0) if aligned else np.ones(80, bool)
    learnt = (first.box[0] >= 0) & (second.box[0] >= 0) & clear
    assert np.array_equal(first.box[0, learnt], count - 1 - second.box[0, learnt])
    assert np.array_equal(first.box[0] >= 0, second.box[0] >= 0)
