"""Everything that leans on the inside of one Paddle version, in one place."""

import contextlib

import paddle


def _leaves(optimizer, names):
    """Yield (state key, tensor) of an optimizer, keyed by layer path instead of Paddle's automatic names."""
    for kind, by_parameter in sorted(optimizer._accumulators.items()):
        for name, tensor in by_parameter.items():
            yield f"{names[name]}/{kind}", tensor
    for name, tensor in (getattr(optimizer, "_master_weights", None) or {}).items():
        yield f"{names[name]}/master_weight", tensor


def optimizer_state(optimizer, model):
    """{layer path/kind: array}: momenta and the like; Paddle's own state_dict is keyed by process-wide counters."""
    names = {p.name: path for path, p in model.named_parameters()}
    return {key: tensor.numpy() for key, tensor in _leaves(optimizer, names)}


def load_optimizer_state(optimizer, model, state):
    """Put back what `optimizer_state` gave; the model may have been built again since.

    ValueError, with nothing changed, unless `state` has exactly this optimizer's entries, in their shapes.
    """
    names = {p.name: path for path, p in model.named_parameters()}
    block = paddle.static.default_main_program().global_block()
    groups = optimizer._param_groups
    for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
        optimizer._create_accumulators(block, [p for p in group["params"] if not p.stop_gradient])
    leaves = dict(_leaves(optimizer, names))
    for key in [*leaves, *state]:
        if key not in state:
            raise ValueError(f"no optimizer state {key!r}")
        if key not in leaves:
            raise ValueError(f"an optimizer state {key!r} that this optimizer does not have")
        if list(state[key].shape) != list(leaves[key].shape):
            raise ValueError(f"an optimizer state {key!r} of shape {list(state[key].shape)}, not "
                             f"{list(leaves[key].shape)}")
    for key, tensor in leaves.items():
        tensor.set_value(state[key].astype(tensor.numpy().dtype))


@contextlib.contextmanager
def old_ir():
    """Inside, Paddle builds and runs graphs of the legacy IR (.pdmodel), and stays in the mode it was in.

    Paddle Lite, PaddleSlim and oneDNN int8 read no other. Paddle's own guard also leaves static mode behind.
    """
    dynamic = paddle.in_dynamic_mode()
    with paddle.pir_utils.OldIrGuard():
        if dynamic:
            paddle.disable_static()
        try:
            yield
        finally:
            if not dynamic:
                paddle.enable_static()
    if not dynamic:
        paddle.enable_static()


@contextlib.contextmanager
def recorded():
    """Inside, layers called with variables of the Program given record their operators in it (old IR), as they are.

    Python runs as it stands, which follows one way through it, but takes 2 s for MobileNetV3-Small x0.35 where Paddle's
    own tracing, which reads all ways from the source, took 13 s.
    """
    with old_ir():
        program, dynamic = paddle.static.Program(), paddle.in_dynamic_mode()
        paddle.enable_static()
        try:
            with paddle.static.program_guard(program), paddle.base.dygraph.base.to_static_mode_guard(True):
                yield program
        finally:
            # What was recorded is kept by the program's id, for a tracing that never comes; a later program of the
            # same id would be saved with the parameters of this one.
            paddle.jit.dy2static.program_translator.ProgramTranslator.get_instance()._params_recorder.pop(program)
            if dynamic:
                paddle.disable_static()


def suppress(boxes, scores, threshold, keep):
    """(k, 6) rows label 0, score, x1, y1, x2, y2 of one picture: of its best boxes those that overlap no better one.

    boxes: (1, A, 4) xyxy. scores: (1, 1, A); a box of score 0 goes. threshold: overlap from which the worse one goes.
    keep: so many boxes are looked at, the best first. By Paddle's multiclass_nms3, which has no public function, but
    which all runtimes know; ONNX Runtime wants a number for nms_top_k, not -1.
    """
    options = {"score_threshold": 0.0, "nms_top_k": keep, "keep_top_k": keep, "nms_threshold": threshold,
               "normalized": True, "nms_eta": 1.0, "background_label": -1}
    if paddle.framework.in_dynamic_or_pir_mode():
        return paddle._C_ops.multiclass_nms3(boxes, scores, None, *options.values())[0]
    helper = paddle.base.layer_helper.LayerHelper("multiclass_nms3")
    rows, index, counts = (helper.create_variable_for_type_inference(kind) for kind in ("float32", "int32", "int32"))
    helper.append_op(type="multiclass_nms3", inputs={"BBoxes": boxes, "Scores": scores}, attrs=options,
                     outputs={"Out": rows, "Index": index, "NmsRoisNum": counts})
    return rows


def quantize_dequantize(x, limit):
    """x rounded to the 255 steps of int8 within the range `limit`, a tensor of one number: as quantize_linear does it.

    By the operator behind Paddle's own training in simulated int8, which is the only one that does it in one pass.
    """
    limit = limit.reshape([1])
    return paddle._C_ops.fake_quantize_dequantize_moving_average_abs_max(
        x, limit, limit, limit, 0.9, 8, True, 0)[0]  # True: with this range; 0: ties to even
