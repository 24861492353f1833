"""The steps of a slim run by name, as the list `slim.steps` of a config gives them."""

from .base import STEPS, Context, Step
from .distill import Distill
from .finetune import Finetune
from .prune import Prune
from .ptq import PTQ
from .qat import QAT
from .slimming import Slimming

__all__ = ["Context", "Distill", "Finetune", "PTQ", "Prune", "QAT", "STEPS", "Slimming", "Step"]
