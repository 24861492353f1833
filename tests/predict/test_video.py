"""Videos: read and written frame by frame, answered whole, and refused in one line when they are none."""

import cv2
import numpy as np
import pytest

from ppmobile.errors import DataError, PPMobileError
from ppmobile.predict import Classification, video
from ppmobile.predict.annotate import annotate

COUNT, HEIGHT, WIDTH = 5, 64, 96


@pytest.fixture
def clip(tmp_path):
    """A video of five plain frames, 0, 50 .. 200 in grey, ten a second."""
    path = tmp_path / "视频 é.mp4"
    with video.writer(path, 10) as write:
        for number in range(COUNT):
            write(np.full((HEIGHT, WIDTH, 3), 50 * number, np.uint8))
    return path


def grey(frames):
    """The mean value of each frame."""
    return [float(frame.mean()) for frame in frames]


def test_what_was_written_is_read_again(clip):
    frames = list(video.frames(clip))
    assert len(frames) == COUNT and {frame.shape for frame in frames} == {(HEIGHT, WIDTH, 3)}
    assert grey(frames) == pytest.approx([0, 50, 100, 150, 200], abs=6)  # the codec loses a little
    with video.Video(clip) as opened:
        assert (opened.rate, opened.count) == (10, COUNT)
    assert [path.name for path in clip.parent.iterdir()] == [clip.name]


def test_channels_keep_their_order(tmp_path):
    with video.writer(tmp_path / "red.mp4", 10) as write:
        write(np.tile(np.uint8([[[220, 30, 30]]]), (64, 64, 1)))
    red, green, blue = next(video.frames(tmp_path / "red.mp4")).reshape(-1, 3).mean(0)
    assert red > 180 and green < 80 and blue < 80


def test_frames_of_another_size_are_cut_or_filled_up(tmp_path):
    with video.writer(tmp_path / "v.mp4", 10) as write:
        for shape in ((64, 64, 3), (32, 96, 3)):
            write(np.zeros(shape, np.uint8))
    first, second = video.frames(tmp_path / "v.mp4")
    assert first.shape == second.shape == (64, 64, 3) and second[:24].mean() < 20 and second[40:].mean() > 235


@pytest.mark.parametrize("content, reason", [
    (None, "no such video"), (b"", "cannot be read as a video"), (b"no video at all" * 99, "cannot be read as a video"),
])
def test_what_is_no_video(tmp_path, capfd, content, reason):
    path = tmp_path / "v.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=reason) as error:
        list(video.frames(path))
    assert "\n" not in str(error.value) and str(error.value).startswith(f"{path}: ") and reason in error.value.reason
    assert capfd.readouterr() == ("", ""), "OpenCV speaks"


def test_a_video_whose_frames_are_damaged(tmp_path):
    path = tmp_path / "v.avi"
    sink = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (WIDTH, HEIGHT))
    for _ in range(COUNT):
        sink.write(np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8))
    sink.release()
    data = path.read_bytes()
    path.write_bytes(data[:data.index(b"00dc") + 60])
    with pytest.raises(DataError, match="v.avi: (no frame of this video can be decoded|cannot be read)"):
        list(video.frames(path))


def test_nothing_is_left_of_a_video_that_was_broken_off(tmp_path):
    with pytest.raises(ZeroDivisionError), video.writer(tmp_path / "v.mp4", 10) as write:
        write(np.zeros((64, 64, 3), np.uint8))
        raise ZeroDivisionError
    with pytest.raises(PPMobileError, match="no frame was given"), video.writer(tmp_path / "v.mp4", 10):
        pass
    assert list(tmp_path.iterdir()) == []


class Shades:
    """A classifier of dark and light that never holds more than one frame."""

    def __init__(self):
        self.taken = self.given = 0

    def stream(self, frames):
        """A Classification for each frame."""
        for frame in frames:
            self.taken += 1
            assert self.taken == self.given + 1
            light = frame.mean() / 255
            yield Classification(np.float32([1 - light, light]), ("dark", "light"), 1, frame)
            self.given += 1


def test_a_whole_video_is_answered_and_drawn(clip, tmp_path):
    told = []
    summary = annotate(clip, Shades().stream, tmp_path / "out" / "v.mp4", told.append)
    assert (summary.frames, summary.claimed) == (COUNT, COUNT) and summary.names == {"dark": 3, "light": 2}
    assert summary.line.startswith("5 frames in ") and summary.line.endswith("frames/s): dark 3, light 2")
    assert [(one["path"], one["frame"], one["seconds"]) for one in told] == [
        (str(clip), number, number / 10) for number in range(COUNT)]
    assert told[4]["top"][0]["class"] == "light"
    drawn = list(video.frames(tmp_path / "out" / "v.mp4"))
    assert len(drawn) == COUNT and drawn[0].shape[0] > 4 * HEIGHT, "enlarged, with a strip of text"


def test_frames_that_do_not_fit_the_graph(clip, tmp_path):
    def refused(frames):
        return (Classification(source=frame, error="the graph takes [3, 9, 9]") for frame in frames)

    with pytest.raises(DataError, match="frame 0 cannot be answered; the graph takes") as error:
        annotate(clip, refused, tmp_path / "out.mp4")
    assert error.value.reason.startswith("frame 0 ") and not (tmp_path / "out.mp4").exists()


def test_without_a_target_nothing_is_written(clip):
    assert annotate(clip, Shades().stream).frames == COUNT
    assert [path.name for path in clip.parent.iterdir()] == [clip.name]


def test_a_video_that_ends_before_its_time():
    from ppmobile.predict.annotate import Summary

    assert Summary(3, 5, 1.0).line == "3 frames, of 5 that the file claims in 1.0 s (3.0 frames/s): nothing found"


def test_suffixes():
    assert video.is_video("a/B.MP4") and video.is_video("x.mov") and not video.is_video("x.png")
