"""inference.yml in the form that PaddleX 3.7.2 reads (its fields: deploy/paddlex/compare.py runs it for real)."""

import pytest

from ppmobile.errors import ExportError
from ppmobile.export.paddlex import inference_yml, model_name
from ppmobile.yaml_text import parse_yaml

STEPS = [{"name": "ResizeShort", "short": 256, "interp": "linear"}, {"name": "CenterCrop", "size": [200, 224]},
         {"name": "Normalize", "mean": [0.5] * 3, "std": [0.25] * 3, "scale": 0.004}, {"name": "ToCHW"}]


def test_the_fields_of_a_classifier():
    read = parse_yaml(inference_yml({"name": "PPLCNet", "scale": 1.0}, STEPS, ["猫", "no"], 2), "inference.yml")
    assert read["Global"] == {"model_name": "PP-LCNet_x1_0"}
    assert read["PostProcess"] == {"Topk": {"topk": 2, "label_list": ["猫", "no"]}}
    assert read["PreProcess"]["transform_ops"] == [
        {"ResizeImage": {"resize_short": 256, "interpolation": "LINEAR"}},
        {"CropImage": {"size": [224, 200]}},  # width first there
        {"NormalizeImage": {"channel_num": 3, "order": "", "mean": [0.5] * 3, "std": [0.25] * 3, "scale": 0.004}},
        {"ToCHWImage": None}]


@pytest.mark.parametrize("backbone, name", [
    ({"name": "PPLCNet", "scale": 0.25}, "PP-LCNet_x0_25"), ({"name": "PPLCNetV2"}, "PP-LCNetV2_base"),
    ({"name": "MobileNetV1"}, "MobileNetV1_x1_0"), ({"name": "MobileNetV2", "scale": 0.5}, "MobileNetV2_x0_5"),
    ({"name": "MobileNetV3", "size": "small"}, "MobileNetV3_small_x1_0"),
    ({"name": "ResNetVd", "depth": 18}, "ResNet18_vd"),
])
def test_names_as_paddlex_spells_them(backbone, name):
    assert model_name(backbone) == name


@pytest.mark.parametrize("backbone", [
    {"name": "ResNeSt"}, {"name": "MobileNetV2", "scale": 0.75}, {"name": "PPLCNet", "scale": 0.3}])
def test_models_that_paddlex_does_not_know(backbone):
    with pytest.raises(ExportError, match="PaddleX 3.7 knows no model like .* leave `paddlex` out of --for"):
        model_name(backbone)


@pytest.mark.parametrize("step", [{"name": "Pad", "size": 4}, {"name": "Resize", "size": 4, "keep_ratio": True}])
def test_steps_that_paddlex_cannot_repeat(step):
    with pytest.raises(ExportError, match=f"PaddleX has no step like {step['name']} of transforms.eval"):
        inference_yml({"name": "PPLCNet"}, [step], ["a"], 1)


def test_resize_to_a_fixed_size():
    text = inference_yml({"name": "PPLCNet"}, [{"name": "Resize", "size": 32, "interp": "cubic"}], ["a"], 1)
    assert parse_yaml(text, "x")["PreProcess"]["transform_ops"] == [
        {"ResizeImage": {"size": [32, 32], "interpolation": "BICUBIC"}}]
