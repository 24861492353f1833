"""Installation of ppmobile; why each version is pinned stands in docs/ARCHITECTURE.md, "Versions"."""

import re
from pathlib import Path

from setuptools import find_packages, setup

here = Path(__file__).parent
version = re.search(r'__version__ = "([^"]+)"', (here / "ppmobile/__init__.py").read_text(encoding="utf-8")).group(1)

extras = {
    # paddleslim does not declare six, requests and decorator, which it imports
    "slim": ["paddleslim==2.6.0", "six", "requests", "decorator"],
    "lite": ["paddlelite==2.13rc0; python_version == '3.10'"],
    "onnx": ["paddle2onnx==2.1.0", "onnxruntime>=1.19,<1.24"],
    "openvino": ["openvino>=2024.6", "nncf"],
    "vdl": ["visualdl>=2.5,<2.6"],
}
extras["all"] = sorted({package for packages in extras.values() for package in packages})
extras["dev"] = ["pytest>=8", "pytest-xdist", "hypothesis", "ruff==0.17.6", *extras["all"]]

setup(
    name="ppmobile",
    version=version,
    description="Mobile vision models for PaddlePaddle, from labelled pictures to a small, verified model",
    long_description=(here / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    packages=find_packages(include=["ppmobile", "ppmobile.*"]),
    package_data={"ppmobile.zoo": ["*.yml"]},
    python_requires=">=3.9,<3.13",
    install_requires=[
        "paddlepaddle>=3.0,<3.2",
        "numpy>=1.23,<2",
        "opencv-python-headless==4.6.0.66",
        "pyyaml>=6",
        "safetensors>=0.4",
        "scikit-learn>=1.2",
        "scipy>=1.8",
        "pycocotools==2.0.11",
        "matplotlib>=3.6",
        "pillow>=9.4",
        "tqdm>=4.60",
        "setuptools",  # paddle imports it, and Python 3.12 no longer brings it
    ],
    extras_require=extras,
    entry_points={"console_scripts": ["ppmobile = ppmobile.cli:main"]},
)
