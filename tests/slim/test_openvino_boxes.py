"""OpenVINO's int8 of a two-stage net: what decides about proposals is not rounded, only what its layers read."""

import numpy as np
import pytest


def test_proposals_are_not_rounded(tmp_path):
    """Where the size of proposals was rounded, a Faster R-CNN trained on BCCD found nothing."""
    openvino = pytest.importorskip("openvino")
    pytest.importorskip("nncf")
    from box_sets import BoxSet

    import ppmobile
    from ppmobile.config import load
    from ppmobile.export.write import export_model
    from ppmobile.slim.openvino_int8 import OpenVinoTarget
    from ppmobile.slim.targets import Material

    made = BoxSet(tmp_path)
    made.config["model"] = {"backbone": {"name": "MobileNetV1", "scale": 0.25, "out_strides": [4, 8]},
                            "neck": {"name": "FPN", "channels": 8},
                            "head": {"name": "FasterRCNNHead", "width": 8, "before": 30, "after": 10}}
    file = made.config_file()
    artefact = export_model(ppmobile.build(file, 2), load(file), ["猫 cat", "dog"], tmp_path / "artefact",
                            say=lambda line: None)
    images = np.random.default_rng(0).normal(size=(2, 3, 64, 64)).astype(np.float32)
    OpenVinoTarget(Material(artefact, tmp_path, images, tmp_path)).build(set())
    model = openvino.Core().read_model(str(artefact.path("int8/openvino.xml")))
    readers = {reader.get_node().get_type_name() for op in model.get_ops() if op.get_type_name() == "FakeQuantize"
               for reader in op.output(0).get_target_inputs()}
    assert {"Convolution", "MatMul"} <= readers <= {"Convolution", "GroupConvolution", "MatMul", "Reshape"}
