"""What a Loss says and decides."""

from ppmobile.slim.loss import MAP50, Loss


def test_with_labels_the_drop_is_that_of_the_accuracy():
    loss = Loss(0.75, 0.5, 0.75)
    assert loss.drop == 0.25 and str(loss) == "top-1 50.0% (fp32 75.0%), 75.0% answers as fp32"
    assert loss.fields() == {"agreement": 0.75, "top1": 0.5, "fp32_top1": 0.75}


def test_without_labels_the_drop_is_the_share_of_other_answers():
    loss = Loss(0.75)
    assert loss.drop == 0.25 and str(loss) == "75.0% answers as fp32" and loss.fields() == {"agreement": 0.75}


def test_a_drop_equal_to_the_limit_is_within_it():
    assert Loss(1.0, 0.89, 0.9).within(0.01)  # 0.9 - 0.89 is a little more than 0.01 in floating point
    assert not Loss(1.0, 0.88, 0.9).within(0.01)


def test_that_of_a_detector_counts_boxes():
    loss = Loss(0.975, 0.72, 0.735, MAP50)
    assert str(loss) == "mAP@0.5 72.0% (fp32 73.5%), 97.5% boxes as fp32"
    assert loss.fields() == {"agreement": 0.975, "map50": 0.72, "fp32_map50": 0.735}
