"""full/inference.yml, with which PaddleX and PaddleDetection's deployment read a detector's full graph."""

import math

from ..errors import ExportError
from ..yaml_text import dump_yaml

FILE = "inference.yml"
ARCHITECTURES = {"YOLOv3Head": "YOLO", "SSDHead": "SSD", "PicoHead": "PicoDet", "FasterRCNNHead": "RCNN"}
WITHOUT_SIZE = ("PicoDet",)  # architectures that are given no im_shape
PICODET = {0.35: "XS", 0.75: "S", 1.5: "M", 2.0: "L"}  # by the width of the backbone
INTERPOLATIONS = ("nearest", "linear", "cubic", "area", "lanczos")  # in the order of OpenCV's flags 0 to 4
HINT = "leave `paddlex` and `full` out of --for"


def describe(head, deploy, known=False):
    """(the text of inference.yml, whether the graph has an input im_shape) of a detector.

    head: name of the head's part. deploy: the fields of deploy.yml. known: whether PaddleX 3.7 must know the model;
    otherwise it may get a name of ours, for other readers. ExportError for what these programs cannot repeat.
    """
    if head not in ARCHITECTURES:
        raise ExportError(f"a full graph has no architecture for the head {head}; {HINT}")
    architecture = ARCHITECTURES[head]
    name = model_name(head, deploy["model"]["backbone"])
    if known and not name:
        raise ExportError(f"PaddleX 3.7 knows no {architecture} on {deploy['model']['backbone']['name']}; write "
                          "`full` instead of `paddlex`")
    text = dump_yaml({
        "mode": "paddle", "draw_threshold": deploy["postprocess"]["draw_threshold"], "metric": "COCO",
        "use_dynamic_shape": False, "Global": {"model_name": name or f"{head}-{deploy['model']['backbone']['name']}"},
        "arch": architecture, "min_subgraph_size": 3, "Preprocess": [step_of(step) for step in deploy["preprocess"]],
        "label_list": list(deploy["classes"])})
    return text, architecture not in WITHOUT_SIZE


def model_name(head, backbone):
    """PaddleX's name of a detector, e.g. "YOLOv3-MobileNetV3"; "" if it knows none like it."""
    if head == "YOLOv3Head" and backbone["name"] == "MobileNetV3":
        return "YOLOv3-MobileNetV3"
    size = PICODET.get(backbone.get("scale", 1.0))
    return f"PicoDet-{size}" if head == "PicoHead" and backbone["name"].endswith("LCNet") and size else ""


def step_of(step):
    """The block of inference.yml for one of our preprocessing steps; ExportError if there is none."""
    name = step["name"]
    if name == "Resize" and not step.get("keep_ratio"):
        size = step["size"] if isinstance(step["size"], list) else [step["size"]] * 2
        return {"type": "Resize", "interp": INTERPOLATIONS.index(step.get("interp", "linear")), "keep_ratio": False,
                "target_size": size}
    if name == "Normalize":
        return {"type": "NormalizeImage", **_normalize(step)}
    if name == "ToCHW":
        return {"type": "Permute"}
    told = f"{name} with keep_ratio" if name == "Resize" else name
    raise ExportError(f"PaddleX has no step like {told} of transforms.eval for a detector; use Resize, Normalize and "
                      f"ToCHW, or {HINT}")


def _normalize(step):
    """mean, std and is_scale: values are divided by 255 first, or by nothing, so that our scale goes into the others.
    """
    scale = step.get("scale", 1 / 255)
    if math.isclose(scale, 1 / 255, rel_tol=1e-6):
        return {"is_scale": True, "mean": step["mean"], "std": step["std"]}
    return {"is_scale": False, "mean": [value / scale for value in step["mean"]],
            "std": [value / scale for value in step["std"]]}
