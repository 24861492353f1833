"""What tools/parity.py does for detectors: one small net of each family, whose boxes are compared."""

from dataclasses import replace

from .compare_boxes import MEANS

FAMILIES = ("yolov3_pplcnet_x1_0", "ssdlite_mobilenet_v3_small", "ssd_mobilenet_v1", "faster_rcnn_mobilenet_v3_small",
            "picodet_s_320")
CLASSES, SIDE = 80, 320  # of COCO; pixels of the input, whatever the config says
INTRODUCTION = """# Parity of detectors: the same boxes on every runtime

Untrained nets (seed 0, {classes} classes, 320 px) of one small config of each family, exported and verified on
{pictures} generated pictures, the golden one and a blank one, each runtime against the traced graph by the rules of
verify (ppmobile/export/compare_boxes.py). fp32: {fp32}; a cell says which share of the boxes has a partner, and the
relative error of the raw outputs (of Faster R-CNN, whose outputs are a list of proposals without a fixed order, the
largest error of a score). bf16: {bf16}, or of nets that are sure of nothing deviation of the raw outputs at most 0.7;
a cell says both. full: the graph with suppression inside, run by Paddle. arm: size of the .nb file for ARM. seconds:
of export and verification together. BN has the statistics of these pictures and of {plain} plain ones. Nets that were
trained: [detection_export.md](detection_export.md).

    {command}
    # {date}, {cpu}, {cores} cores, {versions}
"""


class BoxTable:
    """What the page of the detectors has that tools/parity.py asks for; see parity.ClassTable."""

    page, state, folder, option = "parity_detection.md", "parity_detection.json", "detect", " --detect"
    classes, targets = CLASSES, ("paddle", "lite", "onnx", "openvino", "full")
    introduction = INTRODUCTION.replace("{fp32}", MEANS["fp32"]).replace("{bf16}", MEANS["bf16"])
    columns = ("full",)

    @staticmethod
    def chosen(configs):
        """The FAMILIES among config files."""
        return [config for config in configs if config.stem in FAMILIES]

    @staticmethod
    def prepared(config):
        """The Config with an input of SIDE x SIDE pixels."""
        steps = [{**step, "size": SIDE} if step["name"] == "Resize" else step for step in config.transforms.eval]
        config.transforms = replace(config.transforms, eval=steps)
        return config

    @staticmethod
    def numbers(stage):
        """What is kept of a Stage, as plain values."""
        return [stage.matched, stage.score_error if stage.relative is None else stage.relative, stage.deviation]

    @staticmethod
    def shown(runtime, numbers):
        """The cell for a runtime."""
        share, error, deviation = numbers
        share = "-" if share is None else f"{share:.1%}"
        if runtime.endswith("bf16"):
            return share if deviation is None else f"{share}, {deviation:.2f}"
        return share if error is None else f"{share}, {error:.0e}"
