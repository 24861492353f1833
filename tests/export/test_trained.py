"""The page on trained detectors is made of verify.json and of measured times; what people wrote below stays."""

import json

import pytest

from ppmobile import artefact
from ppmobile.errors import ExportError
from ppmobile.export import trained

STAGES = [{"name": "traced", "verdict": "passed", "reason": "", "boxes": 819, "matched": 1.0, "overlap": 0.9999,
           "score_error": 3.2e-6, "relative": 5.4e-6, "deviation": 0.0},
          {"name": "paddle-int8", "verdict": "FAILED", "reason": "scores differ", "boxes": 175, "matched": 0.5,
           "overlap": 0.926, "score_error": 0.2, "relative": None, "deviation": None},
          {"name": "lite-fp32", "verdict": "skipped", "reason": "no file"}]


@pytest.fixture
def verified(copied):
    """An artefact with a verify.json that fits it."""
    report = {"artefact": artefact.read(copied).digest, "stages": STAGES, "pictures": 22, "origin": "20 of data.val",
              "notes": ["by hash only"], "passed": False}
    (copied / "verify.json").write_text(json.dumps(report), encoding="utf-8")
    return copied


def test_a_row_for_each_stage_that_was_run(verified, tmp_path, monkeypatch):
    times = [{"runtime": "paddle-int8", "reason": "", "median_ms": 5.25, "ratio": 2.094},
             {"runtime": "lite-fp32", "reason": "no file"}]
    monkeypatch.setattr("ppmobile.profiling.latency.bench", lambda artefacts, runs: times)
    page = tmp_path / "page.md"
    page.write_text(f"old{trained.MEANING}\nBy hand.\n", encoding="utf-8")
    assert trained.make([verified], page) == 1  # one stage failed
    lines = page.read_text(encoding="utf-8").splitlines()
    assert "| traced | passed | 819 | 100.0% | 1.000 | 3.2e-06 | 5e-06 | 0.00 | - | - |" in lines
    assert "| paddle-int8 | FAILED | 175 | 50.0% | 0.926 | 2.0e-01 | - | - | 5.2 | 2.09 |" in lines
    assert "paddle-int8: scores differ" in lines and "note: by hash only" in lines
    assert lines[-1] == "By hand." and "old" not in lines and not any("lite-fp32" in line for line in lines)


def test_an_artefact_that_was_not_verified_as_it_is(verified):
    report = json.loads((verified / "verify.json").read_text(encoding="utf-8"))
    (verified / "verify.json").write_text(json.dumps({**report, "artefact": "0"}), encoding="utf-8")
    for _ in range(2):
        with pytest.raises(ExportError, match="was not verified as it is now; run ppmobile verify on it first"):
            trained.report_of(artefact.read(verified))
        (verified / "verify.json").unlink(missing_ok=True)
