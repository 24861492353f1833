"""What happens to a picture between the file and the network, in NumPy and OpenCV only, for training and deployment."""

from . import autoaugment, autoaugment_boxes, boxes, color, erase, geometry, mix, mosaic, multiscale, tensor
from .base import BATCH_TRANSFORMS, TRANSFORMS, Compose, Transform
from .mix import BatchCompose
from .tensor import IMAGENET_MEAN, IMAGENET_STD

__all__ = [
    "BATCH_TRANSFORMS", "IMAGENET_MEAN", "IMAGENET_STD", "TRANSFORMS", "BatchCompose", "Compose", "Transform",
    "autoaugment", "autoaugment_boxes", "boxes", "color", "erase", "geometry", "mix", "mosaic", "multiscale", "tensor",
]  # fmt: skip
