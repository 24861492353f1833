"""Inside a group of data-parallel processes: who am I, gradients added over all, values gathered from all."""

import contextlib
import io
import os

import numpy as np

from ..doctor import cores
from ..errors import ConfigError, PPMobileError


def rank():
    """Number of this process, 0-based."""
    return int(os.environ.get("PADDLE_TRAINER_ID", 0))


def world():
    """How many processes train together."""
    return int(os.environ.get("PADDLE_TRAINERS_NUM", 1))


def start():
    """Join the other processes, if there are any (gloo on a CPU, nccl on GPUs)."""
    if world() > 1:
        import paddle.distributed as dist

        if not dist.is_initialized():
            with contextlib.redirect_stderr(io.StringIO()):  # it lists Paddle's own flags, which tells users nothing
                dist.init_parallel_env()


@contextlib.contextmanager
def together():
    """Around a collective: what Paddle raises when another process is gone becomes a PPMobileError."""
    try:
        yield
    except (RuntimeError, SystemError, OSError) as error:
        raise PPMobileError("another training process ended; the last checkpoint is whole, go on with --resume. "
                            f"Paddle says: {str(error).strip().splitlines()[-1]}") from error


def add_gradients(model, extra):
    """Replace each gradient by its mean over the processes; returns the sum over them of the `extra` numbers.

    One flat all-reduce a step: the gradients, the losses and the stop request travel together, so every
    process sees the same numbers and stops at the same step.
    """
    if world() == 1:
        return list(extra)
    import paddle
    import paddle.distributed as dist

    parameters = [p for p in model.parameters() if not p.stop_gradient]
    with paddle.no_grad():
        parts = [p.grad.flatten() if p.grad is not None else paddle.zeros([p.size]) for p in parameters]
        flat = paddle.concat([*parts, paddle.to_tensor(np.array(extra, np.float32))])
        with together():
            dist.all_reduce(flat)
        sums = paddle.split(flat, [*(p.size for p in parameters), len(extra)])
        for parameter, total in zip(parameters, sums):
            mean = (total / world()).reshape(parameter.shape)
            if parameter.grad is None:
                parameter.grad = mean
            else:
                parameter.grad.set_value(mean)
    return sums[-1].numpy().tolist()


def add_numbers(numbers):
    """The sums over the processes of a list of numbers."""
    return np.sum(gather(list(numbers)), axis=0).tolist()


def gather(value):
    """[value of each process], in order of rank; values are plain Python and NumPy."""
    if world() == 1:
        return [value]
    import paddle.distributed as dist

    values = []
    with together():
        dist.all_gather_object(values, value)
    return values


def barrier():
    """Wait for the other processes."""
    gather(0)


def wanted(processes, batch_size):
    """How many processes `train.processes` asks for: a number, or auto.

    auto: one where Paddle can use a GPU; else one a core, or the next smaller number that divides `batch_size` into
    parts of at least two pictures. A number that does not is a ConfigError.
    """
    if str(processes) == "auto":
        import paddle

        most = 1 if paddle.device.is_compiled_with_cuda() else cores()
        return next((count for count in range(most, 1, -1) if not refused(count, batch_size)), 1)
    if not (str(processes).isascii() and str(processes).isdigit() and int(processes) > 0):
        raise ConfigError(f"train.processes: expected a number from 1 up or auto, got {processes!r}")
    if refused(int(processes), batch_size):
        raise ConfigError(refused(int(processes), batch_size))
    return int(processes)


def refused(count, batch_size):
    """Why `count` processes cannot share a batch, or ''."""
    if batch_size % count:
        return f"train.batch_size: {batch_size} cannot be split over {count} processes; choose a multiple"
    if count > 1 and batch_size < 2 * count:
        return (f"train.batch_size: {batch_size} gives each of {count} processes fewer than 2 pictures; choose at "
                f"least {2 * count}")
    return ""
