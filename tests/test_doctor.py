"""The doctor: each known trap gives one line, a healthy machine none, and nothing heavy is imported."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ppmobile import doctor
from ppmobile.doctor import Machine, parse_cpuinfo, problems, release, report

GOOD = {
    "paddlepaddle": "3.1.1",
    "numpy": "1.26.4",
    "opencv-python": "4.6.0.66",
    "paddleslim": "2.6.0",
    "paddlelite": "2.13rc0",
    "six": "1.17.0",
    "requests": "2.0",
    "decorator": "5.1",
}


@pytest.fixture
def healthy(tmp_path):
    return Machine(
        python=(3, 10), system="Linux x86_64", versions=GOOD, environ={}, cpu="Zen",
        features=frozenset({"avx", "avx2"}), cores=2, memory=8 << 30,
        cache=tmp_path / "not yet" / "made", chinese=True,
    )  # fmt: skip


def with_versions(machine, **changes):
    versions = {**machine.versions, **{name.replace("_", "-"): version for name, version in changes.items()}}
    return replace(machine, versions={name: version for name, version in versions.items() if version})


def test_a_healthy_machine_has_no_problems(healthy):
    assert problems(healthy) == []
    assert report(healthy).endswith("problems: none")


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"paddlepaddle": None}, "paddlepaddle is missing"),
        ({"paddlepaddle": "3.2.0"}, "paddle 3.2.0 lost sigmoid"),
        ({"paddlepaddle": "3.10.0rc1"}, "paddle 3.10.0rc1 lost"),
        ({"paddlepaddle": "2.6.2"}, "older than ppmobile supports"),
        ({"paddlepaddle_gpu": "3.1.1"}, "overwrite each other"),
        ({"numpy": None}, "numpy is missing"),
        ({"opencv_python": None}, "OpenCV is missing"),
        ({"opencv_contrib_python": "4.10.0.84"}, "share one folder cv2"),
        ({"six": None, "decorator": None}, "pip install six decorator"),
    ],
)
def test_one_wrong_package_gives_one_line(healthy, changes, words):
    found = problems(with_versions(healthy, **changes))
    assert len(found) == 1 and words in found[0] and "\n" not in found[0]


def test_two_opencvs_of_one_version_are_the_same_files(healthy):
    assert problems(with_versions(healthy, opencv_contrib_python="4.6.0.66")) == []


def test_numpy_2_is_wrong_for_paddlelite_and_old_opencv_only(healthy):
    both = problems(with_versions(healthy, numpy="2.1.0"))
    assert len(both) == 2 and "returns wrong numbers" in both[0] and "opencv-python 4.6.0.66" in both[1]
    assert problems(with_versions(healthy, numpy="2.1.0", paddlelite=None, opencv_python="4.10.0.84")) == []


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"python": (3, 11)}, "paddlelite is built for Python 3.8 and 3.10 only, this is 3.11"),
        ({"features": frozenset({"sse4_2"})}, "no AVX"),
        ({"environ": {"OMP_NUM_THREADS": "8"}}, "OMP_NUM_THREADS=8 on 2 cores"),
        ({"environ": {"FLAGS_enable_pir_api": "1"}}, "FLAGS_enable_pir_api is on"),
    ],
)
def test_one_wrong_setting_gives_one_line(healthy, changes, words):
    found = problems(replace(healthy, **changes))
    assert len(found) == 1 and words in found[0]


def test_what_the_system_does_not_tell_is_no_problem(healthy):
    unknown = replace(healthy, features=None, memory=None, chinese=None)
    assert problems(unknown) == []
    assert "unknown" in report(unknown)
    assert problems(replace(healthy, system="Linux aarch64", features=frozenset({"asimddp"}))) == []


def test_python_3_13_is_too_new(healthy):
    assert any("Python 3.13 is not supported" in one for one in problems(replace(healthy, python=(3, 13))))


def test_a_cache_that_is_a_file_is_a_problem(healthy, tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    found = problems(replace(healthy, cache=tmp_path / "file"))
    assert len(found) == 1 and "PPMOBILE_HOME" in found[0]


def test_the_report_names_what_was_found(healthy):
    text = report(with_versions(replace(healthy, environ={"FLAGS_x": "1"}), paddlepaddle="3.2.0"))
    for words in ("3.10, Linux x86_64", "numpy", "1.26.4", "Zen, 2 cores", "avx2 (fast fp32)", "8.0 GiB", "FLAGS_x=1",
                  "problems: 1\n  - paddle 3.2.0", "onnxruntime             -"):  # fmt: skip
        assert words in text
    assert "opencv-contrib" not in text


@pytest.mark.parametrize("text, numbers", [("3.1.1", (3, 1, 1)), ("2.13rc0", (2, 13)), ("", ())])
def test_release(text, numbers):
    assert release(text) == numbers


def test_cpuinfo_of_x86():
    text = "processor\t: 0\nmodel name\t: Intel(R) Xeon(R)\nflags\t\t: fpu avx avx2\nbugs\t\t:\n\nprocessor\t: 1\n"
    assert parse_cpuinfo(text) == ("Intel(R) Xeon(R)", {"fpu", "avx", "avx2"})


def test_cpuinfo_of_arm_and_of_neither():
    text = "processor\t: 0\nFeatures\t: fp asimd asimddp\nCPU part\t: 0xd0b\n\nHardware\t: Kirin 990\n"
    assert parse_cpuinfo(text) == ("Kirin 990", {"fp", "asimd", "asimddp"})
    assert parse_cpuinfo("")[1] is None


def test_this_machine_is_examined_without_paddle():
    code = "import sys; from ppmobile.doctor import report; print(report()); sys.exit('paddle' in sys.modules)"
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert f"numpy                   {doctor.installed('numpy')}" in done.stdout


def test_a_container_limit_counts(monkeypatch):
    files = {"/sys/fs/cgroup/cpu.max": "100000 100000", "/sys/fs/cgroup/memory.max": "1048576"}
    monkeypatch.setattr(doctor, "_first_line", files.__getitem__)
    assert doctor.cores() == 1
    assert doctor.memory() == 1 << 20
