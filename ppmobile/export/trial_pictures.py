"""The inputs on which the runtimes have to agree: the golden picture, a blank one, and real ones drawn by a seed."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..data.sample import Sample
from ..errors import ExportError, PPMobileError
from ..files import list_images, read_image
from ..transforms import Compose

SEED = 0  # the same pictures at each verification, so that two of them can be compared


@dataclass
class Trial:
    """inputs: [(1, 3, H, W) float32], the golden picture's first, then the blank one's. origin: where they are from.

    problem: what is wrong with the preprocessing in deploy.yml, or "".
    """

    inputs: list
    origin: str
    problem: str = ""


def gather(artefact, golden, pictures=None, config=None, count=20):
    """The Trial of an artefact. golden: its golden sample, a dict.

    pictures: a folder, file or pattern, or a list of files. config: whose val, test or train pictures to take without
    `pictures`. Where neither gives a readable picture, variations of the golden picture stand in. PPMobileError if
    there is no golden picture, or `pictures` holds none.
    """
    first = read_image(artefact.path(golden["picture"]))
    steps, problem = preprocessing(artefact, golden, first)
    blank = np.zeros_like(first)  # black: a covered lens
    real, origin = _real(pictures, config, count, steps)
    if not real:
        real = [apply(steps, image) for image in variations(first, count)]
        origin += f"{len(real)} variations of the golden picture"
    return Trial([apply(steps, first), apply(steps, blank), *real], origin, problem)


def apply(steps, image):
    """(1, 3, H, W) float32 that a Compose makes of an (H, W, 3) uint8 picture."""
    return np.ascontiguousarray(steps(Sample(image=image)).image[None], np.float32)


def preprocessing(artefact, golden, image):
    """(Compose to use, problem or "") of deploy.yml's steps, tried on the golden picture.

    The tensor's hash must be the one in golden.json. Else the problem names the first step that differs from
    golden.json's copy, and that copy is used as far as it is better, to see whether the rest is right.
    """
    from .golden import digest

    then, now = golden["deploy"].get("preprocess", []), artefact.deploy.get("preprocess")
    expected, tried = golden["input"], []
    for steps in (now, then):
        try:
            compose = Compose(steps, "preprocess")
            tensor = apply(compose, image)
        except (PPMobileError, TypeError, ValueError) as error:
            tried.append((None, str(error)))
            continue
        tried.append((compose, _tensor_problem(tensor, expected, digest)))
    if not tried[0][1]:
        return tried[0][0], ""
    usable = [compose for compose, problem in (tried[1], tried[0]) if compose and (not problem or now == then)]
    usable = usable or [compose for compose, _ in tried if compose]
    if not usable:
        raise ExportError(f"{artefact.folder}: preprocess: {tried[0][1]}")
    return usable[0], f"{_first_difference(now, then)}: {tried[0][1]}"


def _tensor_problem(tensor, expected, digest):
    if list(tensor.shape) != list(expected["shape"]):
        return f"gives {list(tensor.shape)} of the golden picture, at the export {expected['shape']}"
    if digest(tensor) != expected["sha256"]:
        return "gives other numbers of the golden picture than at the export"
    return ""


def _first_difference(now, then):
    """'preprocess.2 (Normalize)', the first step that is not as it was when exported; or 'preprocess' as a whole."""
    if not isinstance(now, list):
        return "preprocess"
    for index in range(max(len(now), len(then))):
        pair = [steps[index] if index < len(steps) else None for steps in (now, then)]
        if pair[0] != pair[1]:
            named = next(step for step in (pair[1], pair[0]) if step is not None)
            return f"preprocess.{index} ({named.get('name') if isinstance(named, dict) else named})"
    return "preprocess (all steps are as in golden.json: another version of OpenCV, or both were changed)"


def _real(pictures, config, count, steps):
    """(inputs, where from) of `count` pictures drawn by the seed; those that cannot be read are passed over."""
    paths, origin = _paths(pictures, config)
    found = []
    for index in np.random.default_rng(SEED).permutation(len(paths)):
        if len(found) == count:
            break
        try:
            found.append(apply(steps, read_image(paths[index])))
        except PPMobileError:
            continue
    return found, f"{len(found)} pictures of {origin}" if found else origin and f"{origin}; "


def _paths(pictures, config):
    """(picture files, where from, or why there are none)."""
    if pictures is not None:
        single = isinstance(pictures, (str, Path))
        return (list_images(pictures), str(pictures)) if single else (list(pictures), "the list given")
    if config is None or config.data is None:
        return [], ""
    from ..engine.datasets import open_split

    reasons = []
    for split in ("val", "test", "train"):
        if getattr(config.data, split) is not None:
            try:
                return open_split(config, split).paths, f"data.{split}"
            except PPMobileError as error:
                reasons.append(str(error))
    return [], reasons[0] if reasons else ""


def variations(image, count):
    """`count` (H, W, 3) uint8 pictures made of one: windows of 60 to 100 % of each side, mirrored, darker, brighter."""
    rng = np.random.default_rng(SEED)
    height, width = image.shape[:2]
    made = []
    for _ in range(count):
        share = rng.uniform(0.6, 1.0, 2)
        rows, columns = max(1, round(height * share[0])), max(1, round(width * share[1]))
        top, left = rng.integers(height - rows + 1), rng.integers(width - columns + 1)
        window = image[top : top + rows, left : left + columns]
        window = window[:, ::-1] if rng.random() < 0.5 else window
        made.append(np.ascontiguousarray(np.clip(window * rng.uniform(0.5, 1.5), 0, 255).astype(np.uint8)))
    return made
