"""What this machine and its packages can do for ppmobile, and which known traps they are in, in a fraction of a second.

Packages are looked up, not imported: paddle alone takes seconds, and a broken package must not break its doctor.
"""

import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Optional

from .errors import PPMobileError
from .home import cache_home

PADDLES = ("paddlepaddle", "paddlepaddle-gpu")
OPENCVS = ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")
PACKAGES = {
    "paddlepaddle": "training, export, runtime",
    "paddlepaddle-gpu": "the same with CUDA",
    "numpy": "everything",
    **dict.fromkeys(OPENCVS, "reading and resizing pictures"),
    "pillow": "text in pictures",
    "pyyaml": "configs",
    "safetensors": "checkpoints",
    "scikit-learn": "digits data, splits",
    "matplotlib": "curves, confusion",
    "paddleslim": "pruning, QAT, PTQ",
    "paddlelite": "ARM phones",
    "paddle2onnx": "ONNX export",
    "onnxruntime": "ONNX runtime",
    "openvino": "OpenVINO runtime",
    "visualdl": "live curves",
    "pycocotools": "COCO metric",
    "paddlex": "reading our exports",
}
UNDECLARED = ("six", "requests", "decorator")  # what paddleslim imports without asking pip for it
FEATURES = {
    "avx": "needed by Paddle's packages", "avx2": "fast fp32", "avx512f": "faster fp32",
    "avx_vnni": "fast int8", "avx512_vnni": "fast int8", "avx512_bf16": "fast bf16",
    "amx_int8": "fastest int8", "amx_bf16": "fastest bf16",
    "asimddp": "fast int8", "i8mm": "faster int8", "asimdhp": "fast fp16", "bf16": "fast bf16",
}  # fmt: skip
ENVIRONMENT = ("OMP_", "MKL_", "KMP_", "FLAGS_", "PADDLE_", "PPMOBILE_", "CUDA_VISIBLE", "LD_PRELOAD")
CHINESE = {
    True: "class names can be drawn",
    False: "no font has the letters, class names are drawn as \\uXXXX; install fonts-noto-cjk, or set PPMOBILE_FONT",
    None: "unknown, matplotlib cannot be imported",
}


@dataclass
class Machine:
    """What was found: {package: version}, the CPU, sizes in bytes; None is what the system does not tell."""

    python: tuple = sys.version_info[:2]
    system: str = f"{platform.system()} {platform.machine()}"
    versions: dict = field(default_factory=dict)
    environ: dict = field(default_factory=dict)
    cpu: str = "unknown"
    features: Optional[frozenset] = None
    cores: int = 1
    memory: Optional[int] = None
    cache: Path = Path()
    chinese: Optional[bool] = None


def report(machine=None):
    """The whole finding as a text for a terminal or an issue, ending with the problems."""
    m = machine or examine()
    lines = [f"python      {'.'.join(map(str, m.python))}, {m.system}", "packages"]
    for name, purpose in PACKAGES.items():
        version = m.versions.get(name)
        if version or name not in (*PADDLES[1:], *OPENCVS):
            lines.append(f"  {name:<24}{version or '-':<12}{purpose}{'' if version else ' (not installed)'}")
    lines += [
        f"cpu         {m.cpu}, {m.cores} cores for this process",
        f"  features  {_features(m.features)}",
        f"memory      {_size(m.memory)}",
        f"cache       {m.cache}",
        f"chinese     {CHINESE[m.chinese]}",
        "environment",
        *([f"  {name}={value}" for name, value in sorted(m.environ.items())] or ["  nothing set that matters"]),
    ]
    found = problems(m)
    lines += [f"problems: {len(found)}", *(f"  - {one}" for one in found)] if found else ["problems: none"]
    return "\n".join(lines)


def problems(machine=None):
    """Known traps this machine is in: a list of lines that say what, why, and what to do; empty = all is well."""
    m = machine or examine()
    return [*_paddle(m), *_numpy(m), *_opencv(m), *_slim(m), *_system(m)]


def _paddle(m):
    installed = [name for name in PADDLES if m.versions.get(name)]
    want = 'pip install "paddlepaddle>=3.0,<3.2"'
    if not installed:
        yield f"paddlepaddle is missing: only the ONNX and OpenVINO runtimes work without it; {want}"
        return
    if len(installed) > 1:
        yield f"{' and '.join(installed)} overwrite each other's files; pip uninstall both, then install one"
    version = m.versions[installed[0]]
    if release(version) >= (3, 2):
        yield (
            f"paddle {version} lost sigmoid, matmul and others in the graph format that Paddle Lite, PaddleSlim and "
            f"int8 need; {want}"
        )
    elif release(version) < (3, 0):
        yield f"paddle {version} is older than ppmobile supports; {want}"


def _numpy(m):
    version = m.versions.get("numpy")
    if not version:
        yield 'numpy is missing: nothing works without it; pip install "numpy<2"'
    elif release(version) >= (2,):
        if m.versions.get("paddlelite"):
            yield (
                f"numpy {version} with paddlelite, built for numpy 1: it warns once, then returns wrong numbers; "
                'pip install "numpy<2"'
            )
        for name in OPENCVS:
            if m.versions.get(name) and release(m.versions[name]) < (4, 10):
                yield f"numpy {version} with {name} {m.versions[name]}, built for numpy 1; pip install \"numpy<2\""


def _opencv(m):
    installed = [name for name in OPENCVS if m.versions.get(name)]
    if not installed:
        yield "OpenCV is missing: no picture can be read; pip install opencv-python-headless==4.6.0.66"
    elif len({m.versions[name] for name in installed}) > 1:
        yield (
            f"{' and '.join(installed)} share one folder cv2, so a mix of both is loaded; "
            f"pip uninstall -y {' '.join(installed)}, then pip install {installed[0]}=={m.versions[installed[0]]}"
        )


def _slim(m):
    if m.versions.get("paddleslim"):
        missing = [name for name in UNDECLARED if not m.versions.get(name)]
        if missing:
            yield f"paddleslim needs {', '.join(missing)} but does not say so to pip; pip install {' '.join(missing)}"
        pir = m.environ.get("FLAGS_enable_pir_api", "0").lower()
        if pir in ("1", "true") and release(_paddle_version(m)) >= (3, 0):
            yield "FLAGS_enable_pir_api is on: paddleslim understands only the old graphs; unset it, or set it to 0"
    if m.versions.get("paddlelite") and m.python not in ((3, 8), (3, 10)):
        yield f"paddlelite is built for Python 3.8 and 3.10 only, this is {m.python[0]}.{m.python[1]}; use 3.10"


def _system(m):
    if not (3, 9) <= m.python <= (3, 12):
        yield f"Python {m.python[0]}.{m.python[1]} is not supported; use 3.10 (3.9 to 3.12 work without Paddle Lite)"
    if m.features is not None and re.search("x86_64|AMD64", m.system) and "avx" not in m.features:
        yield "the CPU shows no AVX, which Paddle's packages need; turn it on in the virtual machine or use another"
    threads = m.environ.get("OMP_NUM_THREADS", "")
    if threads.isdigit() and int(threads) > m.cores:
        yield f"OMP_NUM_THREADS={threads} on {m.cores} cores: threads wait for each other; set it to {m.cores} or less"
    if not _writable(m.cache):
        yield f"the cache folder {m.cache} cannot be written; set PPMOBILE_HOME to a folder that can"


def examine():
    """The Machine this runs on."""
    model, features = cpu()
    names = (*PACKAGES, *UNDECLARED)
    return Machine(
        versions={name: version for name in names if (version := installed(name))},
        environ={k: v for k, v in os.environ.items() if k.startswith(ENVIRONMENT)},
        cpu=model,
        features=features,
        cores=cores(),
        memory=memory(),
        cache=cache_home(),
        chinese=_chinese(),
    )


def installed(name):
    """The version of an installed package, or None; the package itself is not imported."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def release(version):
    """The leading numbers of a version: "3.1.1rc0" -> (3, 1, 1)."""
    return tuple(int(part) for part in re.match(r"[\d.]*", version)[0].split(".") if part)


def cpu():
    """(name, frozenset of features, or None where the system does not tell)."""
    if Path("/proc/cpuinfo").is_file():
        return parse_cpuinfo(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace"))
    if sys.platform == "darwin":
        name = subprocess.run(["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True).stdout
        return name.strip() or platform.processor(), None
    return platform.processor() or "unknown", None


def parse_cpuinfo(text):
    """The same from the text of /proc/cpuinfo (x86: "model name", "flags"; ARM: "Features")."""
    entries = dict(re.findall(r"^([^\n:]+?)[ \t]*:[ \t]*(.*)$", text, re.MULTILINE))
    name = entries.get("model name") or entries.get("Hardware") or platform.machine()
    flags = entries.get("flags") or entries.get("Features")
    return name, frozenset(flags.split()) if flags else None


def cores():
    """How many cores this process may use: its affinity, and the quota of a container (cgroup v2)."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _first_line("/sys/fs/cgroup/cpu.max").split()
    if len(quota) == 2 and quota[0].isdigit():
        count = min(count, max(1, round(int(quota[0]) / int(quota[1]))))
    return count


def memory():
    """Bytes of memory this process may use, or None: that of the machine, or a container's smaller limit."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError):
        return None
    limit = _first_line("/sys/fs/cgroup/memory.max")
    return min(total, int(limit)) if limit.isdigit() else total


def _first_line(path):
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _writable(folder):
    """Whether the folder, or the nearest one above that exists, may be written to."""
    existing = next((one for one in (folder, *folder.absolute().parents) if one.exists()), folder)
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)


def _chinese():
    """Whether Chinese class names can be drawn; None if matplotlib, which looks for fonts, does not work."""
    try:
        from .explain.fonts import has_chinese

        return has_chinese()
    except (ImportError, AttributeError, PPMobileError):  # AttributeError: matplotlib built for another numpy
        return None


def _paddle_version(m):
    return next((m.versions[name] for name in PADDLES if m.versions.get(name)), "")


def _features(features):
    if features is None:
        return "unknown on this system"
    known = [f"{name} ({use})" for name, use in FEATURES.items() if name in features]
    return ", ".join(known) or "none of those that help"


def _size(count):
    return "unknown" if count is None else f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count >> 20} MiB"
