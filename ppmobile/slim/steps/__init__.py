"""The steps of a slim run by name, as the list `slim.steps` of a config gives them."""

from .base import STEPS, Context, Step
from .finetune import Finetune

__all__ = ["STEPS", "Context", "Finetune", "Step"]
