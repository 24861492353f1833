"""What leans on the inside of Paddle leaves nothing behind there."""

import paddle
from paddle import nn

from ppmobile.compat import recorded


def test_recording_leaves_no_parameters_for_another_program():
    # Paddle keeps them by the program's id(), which a later program may have again
    kept = paddle.jit.dy2static.program_translator.ProgramTranslator.get_instance()._params_recorder.params_dict
    before, layer = dict(kept), nn.Linear(2, 3)
    with recorded() as program:
        layer(paddle.static.data("x", [1, 2], "float32"))
        assert id(program) in kept
    assert dict(kept) == before and paddle.in_dynamic_mode()
