"""Data-parallel processes: who am I, gradients added over all, and one process a core on a CPU machine."""

import contextlib
import io
import os
import socket
import subprocess
import sys
import threading
import time

import numpy as np

from ..doctor import cores
from ..errors import ConfigError


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
    dist.all_gather_object(values, value)
    return values


def barrier():
    """Wait for the other processes."""
    if world() > 1:
        gather(0)


def wanted(processes, batch_size):
    """How many processes `train.processes` asks for: a number, or auto.

    auto: one where Paddle can use a GPU; else one a core, or the next smaller number that divides `batch_size`.
    """
    if str(processes) == "auto":
        import paddle

        most = 1 if paddle.device.is_compiled_with_cuda() else min(cores(), batch_size)
        return next(count for count in range(most, 0, -1) if batch_size % count == 0)
    if not str(processes).isdigit() or int(processes) < 1:
        raise ConfigError(f"train.processes: expected a number from 1 up or auto, got {processes!r}")
    return int(processes)


def spawn(count, arguments, log_folder):
    """Make this process rank 0 of `count`, and start the others as `python -m ppmobile ARGUMENTS`.

    Does nothing inside a group that was already launched. The others write to log_folder/rank_N.log;
    if one of them dies, this process says so and ends, rather than wait for it for ever.
    """
    if count == 1 or world() > 1:
        return []
    ends = ",".join(f"127.0.0.1:{port}" for port in _free_ports(count))
    common = {"PADDLE_TRAINERS_NUM": str(count), "PADDLE_TRAINER_ENDPOINTS": ends, "PADDLE_DISTRI_BACKEND": "gloo",
              "PADDLE_MASTER": ends.split(",")[0], "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    log_folder.mkdir(parents=True, exist_ok=True)
    children = []
    for number in range(count):
        env = {**common, "PADDLE_TRAINER_ID": str(number), "PADDLE_CURRENT_ENDPOINT": ends.split(",")[number]}
        if number == 0:
            os.environ.update(env)
            continue
        with open(log_folder / f"rank_{number}.log", "w", encoding="utf-8") as log:
            child = subprocess.Popen([sys.executable, "-m", "ppmobile", *arguments], env={**os.environ, **env},
                                     stdout=log, stderr=subprocess.STDOUT)
        children.append((child, log.name))
    threading.Thread(target=_watch, args=(children,), daemon=True).start()
    return children


def _watch(children):
    while True:
        for child, log in children:
            if child.poll():
                time.sleep(3)  # an error common to all: let this process tell it itself
                sys.stderr.write(f"\nppmobile: another training process died (status {child.returncode}): see {log}\n")
                os._exit(2)
        if all(child.poll() == 0 for child, _ in children):
            return
        time.sleep(0.5)


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for item in sockets:
        item.bind(("127.0.0.1", 0))
    ports = [item.getsockname()[1] for item in sockets]
    for item in sockets:
        item.close()
    return ports
