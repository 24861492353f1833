"""A whole video answered frame by frame, and written again with the answers drawn on it, in constant memory."""

import collections
import contextlib
import time
from dataclasses import dataclass, field

from .video import Video, refusal, writer


@dataclass
class Summary:
    """What was found in a video. frames: how many were answered. claimed: how many the file says it has, or 0.

    seconds: the work took. names: {class name: number of boxes, or of frames that a classifier took for it}.
    """

    frames: int = 0
    claimed: int = 0
    seconds: float = 0.0
    names: collections.Counter = field(default_factory=collections.Counter)

    @property
    def line(self):
        """The summary in a line."""
        found = ", ".join(f"{name} {count}" for name, count in self.names.most_common()) or "nothing found"
        cut = f", of {self.claimed} that the file claims" if self.frames < self.claimed else ""
        return (f"{self.frames} frames{cut} in {self.seconds:.1f} s "
                f"({self.frames / max(self.seconds, 1e-9):.1f} frames/s): {found}")


def annotate(path, stream, target=None, tell=None, progress=False):
    """Answer all frames of the video `path`; returns the Summary.

    stream: a function from an iterator of (H, W, 3) uint8 RGB frames to one of results, such as Predictor.stream.
    target: an .mp4 file for the frames with the answers drawn on them, or None. tell: called with a dict for each
    frame: {"path", "frame": its number from 0, "seconds": its place, and what Result.to_dict says}, or None.
    progress: show a bar with the frame's number. DataError if the video cannot be read, or a frame not be answered.
    """
    from tqdm import tqdm

    start = time.perf_counter()
    with contextlib.ExitStack() as stack:
        video = stack.enter_context(Video(path))
        summary = Summary(claimed=video.count)
        write = stack.enter_context(writer(target, video.rate)) if target else None
        bar = tqdm(stream(iter(video)), total=video.count or None, unit=" frames", leave=False,
                   disable=None if progress else True)
        for result in stack.enter_context(contextlib.closing(bar)):
            if result.error:  # all frames are of one size: it would be the same for each
                raise refusal(path, f"frame {summary.frames} cannot be answered", result.error)
            if write:
                write(result.drawn(result.source))
            if tell:
                tell({**result.to_dict(), "path": str(path), "frame": summary.frames,
                      "seconds": round(summary.frames / video.rate, 3)})
            summary.names.update(result.names)
            summary.frames += 1
        summary.seconds = time.perf_counter() - start
    return summary
