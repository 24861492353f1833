"""Runs a .nb file with Paddle Lite; a program of its own, so that an abort of Lite does not end the caller.

It needs numpy and paddlelite alone, so that another Python than that of ppmobile can run it. Tensors come and go as
a line of JSON with shapes, and then the bytes, little-endian float32 in C order.
"""

import json
import math
import os
import sys


def main(file):
    """Answer each tensor on stdin with the outputs on stdout, until stdin ends; an empty list says: loaded."""
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what Lite prints must not get between the tensors
    import numpy as np
    from paddlelite.lite import MobileConfig, create_paddle_predictor

    config = MobileConfig()
    config.set_model_from_file(file)
    predictor = create_paddle_predictor(config)
    send(channel, [])
    for line in iter(sys.stdin.buffer.readline, b""):
        shape = json.loads(line)
        data = bytearray(sys.stdin.buffer.read(4 * math.prod(shape)))
        predictor.get_input(0).from_numpy(np.frombuffer(data, "<f4").reshape(shape))
        predictor.run()
        tensors = [predictor.get_output(i) for i in range(len(predictor.get_output_names()))]
        send(channel, [np.ascontiguousarray(tensor.numpy(), "<f4") for tensor in tensors])


def send(channel, arrays):
    """Write a list of arrays: a line with their shapes, and the bytes of each."""
    channel.write(json.dumps([array.shape for array in arrays]).encode() + b"\n")
    for array in arrays:
        channel.write(array.tobytes())  # at once, for Lite's next run would overwrite it
    channel.flush()


if __name__ == "__main__":
    main(sys.argv[1])
