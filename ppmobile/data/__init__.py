"""Datasets: importing this package registers every reader by name, without loading anything heavy."""

from .base import READERS, Dataset
from .digits import Digits
from .folder import ImageFolder
from .image_list import ImageList
from .sample import Sample

__all__ = ["READERS", "Dataset", "Digits", "ImageFolder", "ImageList", "Sample"]
