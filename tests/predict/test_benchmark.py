"""The timing table: at least so many predictions, medians by hand, and the sentence on preprocessing."""

from ppmobile.predict import Timing
from ppmobile.predict.benchmark import WARM_UP, measure, table


class Fake:
    """A predictor that counts."""

    count = 0

    def stream(self, sources, batch_size):
        """A result with a timing for each source."""
        for _ in sources:
            self.count += 1
            yield type("Result", (), {"timing": Timing(run=self.count)})


def test_pictures_come_again_until_there_are_enough():
    fake = Fake()
    assert len(measure(fake, ["a", "b", "c"], least=7)) == 7 and fake.count == 7 + WARM_UP
    assert len(measure(Fake(), range(9), least=7)) == 9
    assert measure(Fake(), ["a"], least=1)[0].run == WARM_UP + 1


def test_the_table():
    timings = [Timing(0.004, 0.001, 0.002, 0.0005)] * 9 + [Timing(0.004, 0.001, 0.102, 0.0005)]
    lines = table(timings, "title")
    assert lines[0] == "title" and [line.split()[0] for line in lines[2:7]] == [
        "decode", "preprocess", "run", "postprocess", "total"]
    assert lines[4].split()[1:] == ["2.000", "12.000"] and lines[6].split()[1] == "7.500"
    # 10 pictures in 9 * 7.5 + 107.5 ms
    assert lines[7] == ("57.1 pictures/s; preprocess + postprocess cost 0.75 times the run, less than the net itself; "
                        "with decode it is 2.75 times")
    assert "as much as, or more than, the net itself" in table([Timing(0, 2, 1, 1)], "")[-1]
