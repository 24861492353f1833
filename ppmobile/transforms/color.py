"""Random colour changes, as look-up tables and OpenCV passes because they run on every training picture."""

from . import operations
from .base import TRANSFORMS, Transform
from .parts import check_number, pixels


@TRANSFORMS.register
class ColorJitter(Transform):
    """Change brightness, contrast, saturation and hue, in random order.

    The first three are factors drawn from 1 - x .. 1 + x (not below 0); hue is drawn from -hue..hue, in parts of
    the colour circle. p: probability of each of the four; detectors are usually trained with 0.5, the first three
    at 0.5 and a hue of 0.05.
    """

    def __init__(self, brightness=0.4, contrast=0.4, saturation=0.4, hue=0.0, p=1.0):
        for name, value in (("brightness", brightness), ("contrast", contrast), ("saturation", saturation)):
            check_number(name, value, 0)
        check_number("hue", hue, 0, 0.5)
        check_number("p", p, 0, 1)
        self.brightness, self.contrast, self.saturation, self.hue, self.p = brightness, contrast, saturation, hue, p
        self._amounts = [
            (operations.brightness, 1.0, brightness),
            (operations.contrast, 1.0, contrast),
            (operations.color, 1.0, saturation),
            (operations.hue, 0.0, hue),
        ]

    def __call__(self, sample, rng):
        image = pixels(sample, self)
        for i in rng.permutation(len(self._amounts)):
            operation, neutral, amount = self._amounts[i]
            # a factor has the neutral value 1 and stays positive, a turn of the hue has 0
            if amount and (self.p == 1 or rng.random() < self.p):
                image = operation(image, max(neutral - 1, neutral + rng.uniform(-amount, amount)))
        return sample.copy(image=image)
