"""inference.yml, with which PaddleX reads an exported folder by `create_model(model_name=..., model_dir=...)`."""

from ..errors import ConfigError, ExportError
from ..yaml_text import dump_yaml

FILE = "inference.yml"
# official names of PaddleClas that PaddleX 3.7 spells in its own way, and families it does not know at all
SPELLING = (("PPLCNetV2_", "PP-LCNetV2_"), ("PPLCNet_", "PP-LCNet_"))
COMPLETE = {"MobileNetV1": "MobileNetV1_x1_0", "MobileNetV2": "MobileNetV2_x1_0"}
UNKNOWN = ("EfficientNet", "ResNeSt", "MobileNetV2_x0_75", "PPLCNetV2_x")
INTERPOLATIONS = {"nearest": "NEAREST", "linear": "LINEAR", "cubic": "BICUBIC", "area": "AREA", "lanczos": "LANCZOS4"}


def model_name(backbone):
    """PaddleX's name of a backbone's part, e.g. "PP-LCNet_x1_0"; ExportError if it knows no such model."""
    from ..zoo.weights import official_name

    try:
        name = official_name(backbone)
    except ConfigError:
        name = ""
    if not name or name.startswith(UNKNOWN):
        raise ExportError(f"PaddleX 3.7 knows no model like {name or backbone['name']} with these options; leave "
                          "`paddlex` out of --for")
    name = COMPLETE.get(name, name)
    for ours, theirs in SPELLING:
        if name.startswith(ours):
            return theirs + name[len(ours):]
    return name


def inference_yml(backbone, preprocess, classes, topk):
    """The text of inference.yml for a classifier. ExportError for steps that PaddleX cannot repeat."""
    steps = [step_of(step) for step in preprocess]
    return dump_yaml({
        "Global": {"model_name": model_name(backbone)},
        "PreProcess": {"transform_ops": steps},
        "PostProcess": {"Topk": {"topk": topk, "label_list": list(classes)}}})


def step_of(step):
    """PaddleX's block for one of our preprocessing steps."""
    name, interp = step["name"], INTERPOLATIONS.get(step.get("interp", "linear"))
    if name == "ResizeShort":
        return {"ResizeImage": {"resize_short": step["short"], "interpolation": interp}}
    if name == "Resize" and not step.get("keep_ratio"):
        return {"ResizeImage": {"size": width_height(step["size"]), "interpolation": interp}}
    if name == "CenterCrop":
        return {"CropImage": {"size": width_height(step["size"])}}
    if name == "Normalize":
        numbers = {key: step[key] for key in ("mean", "std", "scale")}
        return {"NormalizeImage": {"channel_num": 3, "order": "", **numbers}}
    if name == "ToCHW":
        return {"ToCHWImage": None}
    raise ExportError(f"PaddleX has no step like {name} of transforms.eval; use Resize, ResizeShort, CenterCrop, "
                      "Normalize and ToCHW, or leave `paddlex` out of --for")


def width_height(size):
    """[width, height], as PaddleX orders them, of our number or [height, width]."""
    return [size[1], size[0]] if isinstance(size, list) else [size, size]
