"""What a verification found: its stages with their numbers, as a table for a terminal and as verify.json."""

import datetime
from dataclasses import asdict, dataclass, field
from typing import Optional

from ..doctor import cpu, installed
from ..predict.runtimes import NAMES
from ..wording import display_width, padded
from .compare import ClassAnswers

FORMAT = 1
PASSED, FAILED, SKIPPED = "passed", "FAILED", "skipped"
PACKAGES = ("paddlepaddle", "paddlepaddle-gpu", "onnxruntime", "openvino", "paddlelite", "numpy", "opencv-python",
            "opencv-python-headless")
BEFORE = ("files", "preprocess", "eager", "traced")  # stages that no runtime can make good


@dataclass
class Stage:
    """One step from the trained net to a runtime.

    The numbers are those of tolerances.Comparison or compare_boxes.BoxComparison, None where there are none.
    verdict: "passed", "FAILED" or "skipped". reason: why not passed. layer, layer_error: the first that differs.
    """

    name: str
    verdict: str = PASSED
    reason: str = ""
    max_error: Optional[float] = None
    relative: Optional[float] = None
    agreement: Optional[float] = None
    deviation: Optional[float] = None
    boxes: Optional[int] = None
    matched: Optional[float] = None
    overlap: Optional[float] = None
    score_error: Optional[float] = None
    tolerance: str = ""
    layer: str = ""
    layer_error: Optional[float] = None

    def judge(self, comparison, tolerance):
        """Take over the numbers and the verdict of a Comparison; tolerance: what it was judged by, in words."""
        for name, value in asdict(comparison).items():
            setattr(self, name, value)
        self.tolerance = tolerance
        self.verdict = PASSED if comparison.passed else FAILED

    def locate(self, found):
        """Note the Difference (bisect.py) or None of a stage that failed."""
        if found and self.verdict == FAILED:
            self.layer, self.layer_error = found.layer, found.error

    def row(self, columns):
        """The cells of the table; columns: (title, field, format) of the numbers."""
        values = ((getattr(self, name), style) for _, name, style in columns)
        numbers = ["-" if value is None else format(value, style) for value, style in values]
        layer = self.layer and f"{self.layer} ({self.layer_error:.1e})"
        return [self.name, self.verdict, *numbers, self.tolerance or "-", layer or "-"]


@dataclass
class Report:
    """What verify found. folder: the artefact's. pictures: how many were run; origin: where they come from.

    kind: the class of answers (compare.py), which says what the table's numbers are.
    """

    folder: object
    digest: str
    kind: object = ClassAnswers
    stages: list = field(default_factory=list)
    pictures: int = 0
    origin: str = ""
    notes: list = field(default_factory=list)

    @property
    def passed(self):
        """Whether no stage is beyond its tolerance, and a runtime was tested; those that were skipped do not count."""
        return bool(self.tested) and all(stage.verdict != FAILED for stage in self.stages)

    @property
    def tested(self):
        """Names of the runtimes that were run."""
        return [stage.name for stage in self.stages if stage.name in NAMES and stage.verdict != SKIPPED]

    def table(self):
        """The stages as a text for a terminal, with reasons below, and the verdict in the last line."""
        shown = [stage for stage in self.stages if stage.verdict != SKIPPED]
        titles = ["stage", "verdict", *(title for title, *_ in self.kind.columns), "tolerance",
                  "first layer that differs"]
        rows = [titles, *(stage.row(self.kind.columns) for stage in shown)]
        widths = [max(display_width(row[i]) for row in rows) for i in range(len(titles))]
        lines = [f"{self.folder}: {self.pictures} pictures ({self.origin})"]
        lines += ["  ".join(padded(cell, width) for cell, width in zip(row, widths)).rstrip() for row in rows]
        lines += [f"{stage.name}: {stage.verdict}: {stage.reason}" for stage in self.stages if stage.reason]
        lines += self.kind.legend.splitlines()
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join([*lines, self._verdict()])

    def _verdict(self):
        bad = [stage.name for stage in self.stages if stage.verdict == FAILED]
        if bad:
            return f"FAILED, first at {bad[0]}"
        return f"passed on {len(self.tested)} runtimes" if self.tested else "not passed: no runtime was tested"

    def to_dict(self):
        """What verify.json holds."""
        model, features = cpu()
        before = next((s for s in self.stages if s.name in BEFORE and s.verdict == FAILED), None)
        runtimes = {}
        for stage in (s for s in self.stages if s.name in NAMES and s.verdict != SKIPPED):
            reason = f"{before.name}: {before.reason}" if before else stage.reason
            runtimes[stage.name] = {"passed": not before and stage.verdict == PASSED, "reason": reason,
                                    "max_error": stage.max_error, "agreement": stage.agreement,
                                    "boxes": stage.boxes, "matched": stage.matched}
        now = datetime.datetime.now().isoformat(timespec="seconds")
        return {"format": FORMAT, "artefact": self.digest, "date": now,
                "machine": {"cpu": model, "features": sorted(features or ())},
                "versions": {name: version for name in PACKAGES if (version := installed(name))},
                "pictures": self.pictures, "origin": self.origin, "notes": self.notes,
                "stages": [asdict(stage) for stage in self.stages], "runtimes": runtimes, "passed": self.passed}
