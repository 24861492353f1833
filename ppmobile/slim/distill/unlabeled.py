"""Pictures without labels beside the labelled ones: a teacher answers for them, too (SSLD, arXiv:2103.05959)."""

import paddle

from ...data.base import Dataset
from ...data.loader import Loader
from ...engine import parallel
from ...engine.datasets import scanned
from ...engine.hooks import Hook
from ...errors import ConfigError, DataError
from ...files import list_images
from ...transforms import Compose


class Pictures(Dataset):
    """All pictures of a folder and its subfolders, without a class."""

    def __init__(self, root):
        self.root = str(root)
        self.items = [{"path": str(path)} for path in list_images(root)]


class Unlabeled(Hook):
    """Before each batch, as many pictures of the folder, by the training transforms; goes through it again and again.

    Which ones depends on the seed and the number of the batch alone, so that a resume sees the same. `image` is the
    tensor (n, 3, H, W). ConfigError unless pictures are classified, all in one size; DataError for too few pictures.
    """

    def __init__(self, folder, config):
        if config.task != "classify":
            raise ConfigError(f"unlabeled: is for classifiers, this task is {config.task!r}; write pseudo-labels with "
                              "`ppmobile slim label`")
        if any(part["name"] == "MultiScale" for part in config.transforms.batch):
            raise ConfigError("unlabeled: these pictures join the labelled ones in a batch, and MultiScale changes the "
                              "size of those alone; remove one of the two")
        pictures = scanned(config, Pictures(folder), "unlabeled")
        if len(pictures) < 2 * parallel.world():
            raise DataError(f"unlabeled: {folder} holds {len(pictures)} pictures; each training process needs 2")
        self.loader = Loader(pictures, Compose(config.transforms.train, "transforms.train"), config.train.batch_size,
                             (), config.seed, True, config.data.workers, parallel.rank(), parallel.world())
        self.loader.probe()
        self.image, self._batches = None, None

    def before_batch(self, trainer):
        """Take the next ones."""
        number = trainer.epoch * len(trainer.loader) + trainer.batch
        epoch, first = divmod(number, len(self.loader))
        if self._batches is None or first == 0:
            self._batches = self.loader.epoch(epoch, first)
        self.image = paddle.to_tensor(next(self._batches)["image"])
