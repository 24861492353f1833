"""Pictures of several digits on a textured ground, with exact boxes, masks and attributes, drawn from a seed.

Detection, segmentation and attribute training need data at hand that is free, small and known to the pixel.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import DataError
from ..home import cache_home
from .digits import enlarge, glyph_parts, load_glyphs, write_png
from .generated import generated_folder
from .image_list import PARTS
from .scene_formats import write_attributes, write_coco, write_voc, write_yolo

VERSION = 1
COLORS = {
    "red": (235, 60, 50), "green": (70, 200, 80), "blue": (80, 140, 255),
    "yellow": (245, 220, 60), "purple": (190, 90, 230), "white": (245, 245, 245),
}
SIZES = {"small": (0.15, 0.20), "medium": (0.26, 0.32), "large": (0.40, 0.48)}  # height / side of the picture
TILT = {False: (0, 4), True: (15, 28)}  # degrees; the gap keeps the attribute decidable
MOST_OVERLAP = 0.15  # of the smaller of two digits; one that would overlap an earlier digit more is left out
SMALLEST = 64  # pixels; below, a small digit is no longer readable


@dataclass
class Digit:
    """One digit of a scene. mask: (H, W) bool, its visible pixels; box: xyxy pixels, tight around them,
    the right and lower bounds exclusive; label: 0..9; color, size, tilted: its attributes; glyph: its source.
    """

    mask: np.ndarray
    box: tuple
    label: int
    color: str
    size: str
    tilted: bool
    glyph: int


@dataclass
class Scene:
    """One picture. name: without suffix; image: (H, W, 3) uint8 RGB; digits: in the order of drawing."""

    name: str
    image: np.ndarray
    digits: list

    def semantic_mask(self):
        """(H, W) uint8: class + 1 of each pixel, 0 for the ground."""
        mask = np.zeros(self.image.shape[:2], np.uint8)
        for digit in self.digits:
            mask[digit.mask] = digit.label + 1
        return mask


def draw_scene(name, glyphs, labels, choice, size, rng, most=6, empty=0.08):
    """A Scene of 1 to `most` digits, or of none with probability `empty`, as (size, size, 3).

    glyphs, labels: see load_glyphs. choice: indices of the glyphs that may be used. rng: all randomness.
    """
    image = draw_ground(size, rng)
    digits = []
    for _ in range(0 if rng.random() < empty else rng.integers(1, most + 1)):
        glyph = int(rng.choice(choice))
        digit, alpha = place_digit(glyphs[glyph], int(labels[glyph]), glyph, size, rng)
        if any(_overlap(other, digit) > MOST_OVERLAP for other in digits):
            continue
        shade = np.float32(COLORS[digit.color]) * rng.uniform(0.9, 1.05)
        image += alpha[:, :, None] * (shade - image)
        for other in digits:
            other.mask &= ~digit.mask
            other.box = tight_box(other.mask)
        digits.append(digit)
    image += rng.normal(0, 4, image.shape)
    return Scene(name, np.clip(np.round(image), 0, 255).astype(np.uint8), digits)


def place_digit(glyph, label, source, size, rng):
    """A Digit of random colour, size, tilt and place, and its (size, size) opacity in 0..1.

    glyph: (8, 8) float ink; label: what it says; source: its index; size: side of the scene in pixels.
    """
    import cv2

    color, kind, tilted = str(rng.choice(list(COLORS))), str(rng.choice(list(SIZES))), bool(rng.random() < 0.5)
    rows, columns = np.flatnonzero(glyph.any(1)), np.flatnonzero(glyph.any(0))
    glyph = np.pad(glyph[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 1)
    scale = rng.uniform(*SIZES[kind]) * size / (glyph.shape[0] - 2)
    stamp = enlarge(glyph, int(round(glyph.shape[0] * scale)), int(round(glyph.shape[1] * scale)))
    height, width = stamp.shape
    angle = rng.uniform(*TILT[tilted]) * rng.choice([-1, 1])
    reach = np.hypot(height, width) / 2  # so that no corner leaves the picture, however it is turned
    center = rng.uniform(min(reach, size / 2), max(size - reach, size / 2), 2)
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    turn[:, 2] += center - [(width - 1) / 2, (height - 1) / 2]
    alpha = np.clip(cv2.warpAffine(stamp, turn, (size, size), flags=cv2.INTER_LINEAR) * 2 - 0.4, 0, 1)
    mask = alpha > 0.5
    return Digit(mask, tight_box(mask), label, color, kind, tilted, source), alpha


def _overlap(first, second):
    """The pixels that two digits share, as a part of the smaller one."""
    return (first.mask & second.mask).sum() / min(first.mask.sum(), second.mask.sum())


def tight_box(mask):
    """(x1, y1, x2, y2) around the True pixels of a (H, W) mask, x2 and y2 exclusive."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def draw_ground(size, rng):
    """(size, size, 3) float32: a dim gradient, with blurred noise or stripes over it."""
    first, second = rng.uniform(20, 85, (2, 3)).astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32) / size - 0.5
    along = columns * np.cos(angle) + rows * np.sin(angle)
    blend = np.clip(along + 0.5, 0, 1)
    if rng.random() < 0.3:
        texture = np.sin(along * 2 * np.pi * rng.uniform(4, 12)) * rng.uniform(4, 10)
    else:
        texture = _clouds(size, int(rng.integers(3, 9)), rng) * 14 + _clouds(size, size // 4, rng) * rng.uniform(3, 9)
    return (first + blend[:, :, None] * (second - first) + texture[:, :, None]).astype(np.float32)


def _clouds(size, cells, rng):
    """(size, size) smooth noise of deviation about 1 whose blobs are size / cells wide."""
    import cv2

    noise = rng.normal(0, 1, (cells, cells)).astype(np.float32)
    return cv2.resize(noise, (size, size), interpolation=cv2.INTER_CUBIC)


def write_scenes(root, count=200, size=160, seed=0):
    """Draw `count` scenes of size x size pixels and write them with all labels to the folder `root`.

    They are divided 70/20/10 into train, val and test, and so are the digits they are made of: those of
    one part never appear in another. Every form describes the same pictures `images/NAME.png`:
    annotations/instances_PART.json (COCO, with RLE masks and attributes); Annotations/NAME.xml,
    ImageSets/Main/PART.txt and SegmentationClass/NAME.png (VOC; class + 1, 0 = ground); labels/NAME.txt,
    classes.txt and PART.txt (YOLO); attributes_PART.csv (one row a digit). Returns the folder as a Path;
    one that already holds these scenes is left alone. Raises DataError if `root` holds other files, for a
    size below 64, and for fewer than one scene.
    """
    if size < SMALLEST or count < 1:
        raise DataError(f"scenes: count {count} must be 1 or more and size {size} must be {SMALLEST} or more pixels")
    version = f"ppmobile scenes {VERSION}: {count} of {size} pixels, seed {seed}"
    return generated_folder(root, version, lambda folder: _write(folder, count, size, seed))


def scenes_root(count=200, size=160, seed=0):
    """The folder of these scenes in $PPMOBILE_HOME or ~/.cache/ppmobile, written at first use; see write_scenes."""
    return write_scenes(cache_home() / f"scenes-{count}-{size}-{seed}", count, size, seed)


def _write(folder, count, size, seed):
    from .split import split  # `python -m ppmobile.data.split` warns if its package has imported it

    folder = Path(folder)
    glyphs, labels = load_glyphs()
    choices = glyph_parts(labels)
    for part, numbers in zip(PARTS, split(range(count), (70, 20, 10), seed=seed)):
        scenes = []
        for number in numbers:
            rng = np.random.default_rng((seed, number))
            scenes.append(draw_scene(f"{number:05d}", glyphs, labels, choices[part], size, rng))
        write_pictures(folder, scenes)
        write_coco(folder, part, scenes)
        write_voc(folder, part, scenes)
        write_yolo(folder, part, scenes)
        write_attributes(folder, part, scenes)


def write_pictures(folder, scenes):
    """Write images/NAME.png and SegmentationClass/NAME.png of each scene."""
    for name in ("images", "SegmentationClass"):
        (folder / name).mkdir(exist_ok=True)
    for scene in scenes:
        write_png(folder / "images" / f"{scene.name}.png", scene.image)
        write_png(folder / "SegmentationClass" / f"{scene.name}.png", scene.semantic_mask())
