"""Datasets: importing this package registers every reader by name, without loading anything heavy."""

from .base import READERS, Dataset
from .coco import CocoDetection
from .digit_scenes import DigitScenes
from .digits import Digits
from .folder import ImageFolder
from .image_list import ImageList
from .labelme import LabelMeDetection
from .sample import Sample
from .voc import VocDetection
from .yolo import YoloDetection

__all__ = ["READERS", "CocoDetection", "Dataset", "DigitScenes", "Digits", "ImageFolder", "ImageList",
           "LabelMeDetection", "Sample", "VocDetection", "YoloDetection"]
