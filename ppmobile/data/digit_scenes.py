"""Pictures of several digits with boxes, drawn at first use, so that detection runs without a download."""

from .base import READERS
from .coco import CocoDetection
from .image_list import PARTS
from .scenes import scenes_root, write_scenes


@READERS.register
class DigitScenes(CocoDetection):
    """Coloured digits of three sizes on a textured ground, up to some a picture, divided 70/20/10 into the splits.

    split: train, val or test; no digit is in two of them. count: pictures of all splits together. size: their side in
    pixels, 64 or more. seed: of the drawing. root: the folder for the files; None means one in $PPMOBILE_HOME or
    ~/.cache/ppmobile. Raises DataError if `root` holds other files. See data/scenes.py.
    """

    def __init__(self, split="train", count=500, size=160, seed=0, root=None):
        if split not in PARTS:
            raise ValueError(f"split must be one of {', '.join(PARTS)}, got {split!r}")
        folder = write_scenes(root, count, size, seed) if root else scenes_root(count, size, seed)
        super().__init__(str(folder), f"annotations/instances_{split}.json", "images")
