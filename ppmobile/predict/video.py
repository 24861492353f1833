"""Videos as pictures one after the other, by OpenCV: read frame by frame, and written the same way."""

import contextlib
import os
from pathlib import Path

import numpy as np

from ..errors import DataError, PPMobileError
from ..files import atomic_write
from .quiet import quiet

VIDEO_SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp", ".ts")
USUAL_RATE = 25.0  # frames a second, of a file that does not say
CODEC = "mp4v"  # MPEG-4, the one that OpenCV's wheels can put into .mp4 files without further software
CONVERT = "convert it, for example with: ffmpeg -i IN -c:v libx264 OUT.mp4"


def is_video(path):
    """Whether a path has the suffix of a video."""
    return Path(path).suffix.lower() in VIDEO_SUFFIXES


def frames(path):
    """A generator of the frames of a video file, (H, W, 3) uint8 RGB; DataError if it is none."""
    with Video(path) as video:
        yield from video


class Video:
    """A video file, open for reading, in which one frame at a time is in memory; a context manager.

    rate: frames a second. count: how many frames the file claims to have, 0 if it does not say.
    """

    def __init__(self, path):
        """Open it. DataError in one line for what is no readable video."""
        import cv2

        self.path = path
        if not Path(path).is_file():
            raise refusal(path, "no such video", "check the path")
        with quiet():
            self._capture = cv2.VideoCapture(os.fspath(path))
            opened = self._capture.isOpened()
        if not opened:
            raise refusal(path, "cannot be read as a video: it is empty, damaged, or of an unknown kind", CONVERT)
        rate, count = (self._capture.get(key) for key in (cv2.CAP_PROP_FPS, cv2.CAP_PROP_FRAME_COUNT))
        self.rate = rate if np.isfinite(rate) and 0 < rate <= 1000 else USUAL_RATE
        self.count = int(count) if np.isfinite(count) and count > 0 else 0

    def __iter__(self):
        """The frames, (H, W, 3) uint8 RGB. DataError if there is not even one."""
        import cv2

        number = 0
        while True:
            with quiet():
                whole, frame = self._capture.read()
            if not whole:
                break
            number += 1
            yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
        if not number:
            raise refusal(self.path, "no frame of this video can be decoded", CONVERT)

    def close(self):
        """Let go of the file."""
        self._capture.release()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


@contextlib.contextmanager
def writer(path, rate):
    """A function that appends an RGB frame (H, W, 3) uint8 to the .mp4 `path`, which appears once the block succeeds.

    rate: frames a second. The first frame decides the size; others are cut or filled up with white on the right and
    at the bottom. PPMobileError if OpenCV cannot write such a video, or no frame came.
    """
    with atomic_write(path) as temporary:
        made = []

        def write(frame):
            if not made:
                made.append((_opened(path, temporary, rate, frame.shape), frame.shape))
            sink, shape = made[0]
            sink.write(np.ascontiguousarray(_sized(frame, shape)[:, :, ::-1]))

        try:
            yield write
        finally:
            for sink, _ in made:
                with quiet():
                    sink.release()
        if not made:
            raise PPMobileError(f"{path}: no frame was given, so there is no video to write; give at least one")


def _opened(path, temporary, rate, shape):
    """OpenCV's VideoWriter for frames of that shape."""
    import cv2

    with quiet():
        code = cv2.VideoWriter_fourcc(*CODEC)
        sink = cv2.VideoWriter(os.fspath(temporary), code, rate, (shape[1], shape[0]))
    if not sink.isOpened():
        raise PPMobileError(f"{path}: OpenCV cannot write a video of {shape[1]} x {shape[0]} at {rate:g} frames a "
                            "second; give it a name that ends with .mp4")
    return sink


def _sized(frame, shape):
    """The frame, cut or filled up with white to the height and width of `shape`."""
    if frame.shape == shape:
        return frame
    sized = np.full(shape, 255, np.uint8)
    height, width = min(shape[0], frame.shape[0]), min(shape[1], frame.shape[1])
    sized[:height, :width] = frame[:height, :width]
    return sized


def refusal(path, reason, advice):
    """A DataError on a video, with the bare reason for those who name the file themselves."""
    error = DataError(f"{path}: {reason}; {advice}")
    error.reason = f"{reason}; {advice}"
    return error
