"""Replays an artefact on every runtime that is here, and says which stage, and which layer in it, answers wrongly."""

import contextlib
import functools
from pathlib import Path

import numpy as np
import paddle

from .. import artefact as artefacts
from ..errors import ExportError, PPMobileError
from ..files import list_images, write_json
from ..predict.runtimes import NAMES, check_name, open_runtime, status
from ..predict.runtimes.needs import FILES
from ..slim.qat.layers import float_form
from ..wording import reason as said
from . import bisect, matched
from .compare import answers_of, arrays
from .paddle_graph import deployed
from .program import load_graph, run_graph
from .shapes import variants
from .stages import FAILED, PASSED, SKIPPED, Report, Stage
from .trial_pictures import gather

SINGLE = ("inference.pdmodel", "inference.pdiparams", "inference.yml", "model_arm.nb", "model_x86.nb", "model.onnx")
FULL = "full/inference.pdmodel"
NUDGE = 1e-6  # relative change of an input, some ten roundings of float32
BF16 = 2**-9  # the same when it is rounded to bf16
SLACK, MOST = 3, 1e-2  # what fp32 may add to the net's own answer to such a change, and the most that it may be off


def verify(folder, model=None, config=None, pictures=None, runtimes=None, count=20):
    """The Report on the artefact in `folder`, which is also written into it as verify.json.

    model: the trained Model that was exported, to compare with. config: whose pictures to use. pictures: a folder,
    file, pattern or list of files instead. runtimes: names; by default all that can be used here. count: how many
    pictures besides the golden and a blank one. ExportError where there is no artefact, or a runtime asked for cannot
    be used.
    """
    artefact = artefacts.read(folder, check=False)
    for name in runtimes or ():
        check_name(name)
        if status(name, artefact):
            raise ExportError(f"{name} cannot be verified: {status(name, artefact)}")
    if isinstance(pictures, (str, Path)):
        list_images(pictures)  # a wrong path is told before anything runs
    run = _Run(artefact, model)
    run.all(config, pictures, runtimes, count)
    write_json(artefact.path(artefacts.VERIFY), run.report.to_dict())
    return run.report


class _Run:
    """The stages of one verification, each judged against the one before it. answers: see compare.py.

    eager, traced: lists of answers of the trained net and of the traced graph to the inputs of the trial.
    """

    def __init__(self, artefact, model):
        self.artefact, self.answers = artefact, answers_of(artefact.deploy)
        self.model = None if model is None else float_form(model)  # the fp32 files hold its weights as they are
        self.report = Report(artefact.folder, artefact.digest, type(self.answers))
        self.golden = self.trial = self.graph = self.eager = self.traced = None
        self.unsteady, self.variants = {}, []

    def all(self, config, pictures, runtimes, count):
        """Run all stages; a stage that cannot be tried says why, and so do those that need it."""
        self.files()
        self.stage("preprocess", lambda stage: self.preprocess(stage, pictures, config, count))
        if self.trial is None:
            return
        if self.model is not None:
            self.stage("eager", self.run_eager)
        self.stage("traced", self.run_traced)
        for name in NAMES:
            reason = status(name, self.artefact)
            if runtimes is not None and name not in runtimes:
                continue
            if reason or self.traced is None:
                self.add(Stage(name, SKIPPED, reason or "the traced graph gives nothing to compare with"))
            else:
                self.stage(name, self.run_runtime)
        if self.artefact.has(FULL) and self.traced is not None:
            self.stage("full", self.run_full)
        if self.unsteady:
            self.report.notes.append(
                f"on {len(self.unsteady)} of the pictures the net turns a change of {NUDGE:.0e} in its input into one "
                f"of up to {max(self.unsteady.values()):.0e}, so fp32 may be off by {SLACK} times that there")

    def stage(self, name, work):
        """Add the stage that `work(stage)` judges; whatever it raises is its reason to fail."""
        stage = Stage(name)
        try:
            work(stage)
        except Exception as error:  # damaged files make the libraries raise anything
            stage.verdict, stage.reason = FAILED, told(error)
        self.add(stage)

    def add(self, stage):
        """Note a finished stage."""
        self.report.stages.append(stage)

    def files(self):
        """Hashes and fields of deploy.yml."""
        problems = list(dict.fromkeys([*self.artefact.problems, *unlisted(self.artefact)]))
        self.add(Stage("files", FAILED if problems else PASSED, "; ".join(problems)))
        proven = {name for names in FILES.values() for name in names}
        unproven = [name for name in self.artefact.files
                    if name not in proven and name.startswith(("model", "pir/", "int8/"))]
        if unproven:
            self.report.notes.append(f"checked by hash only, for nothing here runs them: {', '.join(unproven)}")

    def preprocess(self, stage, pictures, config, count):
        """The golden picture's input, bit by bit; the other inputs are made, too."""
        try:
            self.golden = artefacts.golden(self.artefact.folder)
            self.trial = gather(self.artefact, self.golden, pictures, config, count)
        except (KeyError, TypeError) as error:
            raise ExportError(f"{artefacts.GOLDEN}: is incomplete ({error}); {artefacts.AGAIN}") from error
        self.report.pictures, self.report.origin = len(self.trial.inputs), self.trial.origin
        stage.verdict, stage.reason = FAILED if self.trial.problem else PASSED, self.trial.problem
        stage.tolerance = "equal bits"

    def run_eager(self, stage):
        """The trained net against the answer kept in golden.json: is this the net that was exported?"""
        self.eager = self._eager(self.trial.inputs)
        self.judge(stage, self.eager[:1], self.kept)
        if stage.verdict == FAILED:
            stage.reason += "; is this the checkpoint that was exported?"

    def judge(self, stage, got, want):
        """Compare lists of answers as fp32 ones."""
        stage.judge(self.answers.compare(got, want), self.answers.means["fp32"])

    @property
    def kept(self):
        """[the answer] of the training graph to the golden picture, when the artefact was made."""
        return self.answers.kept(self.golden)

    def run_traced(self, stage):
        """The exported graph, without a runtime's optimisations, against the golden sample and the trained net."""
        self.graph = load_graph(self.artefact.folder)
        self.traced = self._each(self._trace, self.trial.inputs)
        self.judge(stage, self.traced[:1], self.kept)
        found = bisect.in_samples(self.golden["layers"], self.graph, self.trial.inputs[0])
        if self.eager is not None:
            if stage.verdict == PASSED:
                self.judge(stage, self.traced, self.eager)
            found = bisect.in_model(deployed(self.model), self.graph, self._worst(self.traced, self.eager)) or found
        if found and stage.verdict == PASSED:
            stage.verdict, stage.reason = FAILED, "a layer inside the graph differs from golden.json"
        stage.locate(found)
        if self.answers.note(self.traced):
            self.report.notes.append(self.answers.note(self.traced))
        if stage.verdict == PASSED:
            self.trace_variants(stage)

    def trace_variants(self, stage):
        """The traced graph on other shapes than the golden one, where it leaves them open, against single answers.

        Another size has nothing to compare with but the trained net; the graph's answers are what runtimes should give.
        """
        shape = self.graph.program.global_block().var(self.graph.inputs[0]).shape
        for variant in variants(shape, self.trial.inputs):
            want = [self.traced[i] for i in variant.places] if variant.places else None
            if want is None and self.eager is not None:
                want = self._eager(variant.inputs)
            variant.want = self.vary(stage, variant, self._trace, want)
            self.variants += [variant] if variant.want is not None else []

    def vary(self, stage, variant, run, want, precision="fp32"):
        """The answers of `run` to a Variant, compared with `want` unless that is None; None if it cannot run them."""
        answers = None
        try:
            answers = self._each(run, variant.inputs)
            problem = "" if want is None else self._compared(answers, want, precision, variant.pictures).reason
        except Exception as error:  # a library that takes no other shape may raise anything
            problem = told(error)
        if problem and stage.verdict == PASSED:
            stage.verdict, stage.reason = FAILED, f"{variant.name}: {problem}"
        return answers

    def run_runtime(self, stage):
        """One runtime against the traced graph, and a batch against its own single answers."""
        precision = check_name(stage.name)[1]
        stage.tolerance = self.answers.means[precision]
        with contextlib.closing(open_runtime(stage.name, self.artefact)) as runtime:
            answers = self._each(runtime.run, self.trial.inputs)
            single = self._compared(answers, self.traced, precision, self.trial.inputs)
            stage.judge(single, stage.tolerance)
            excuse = self.answers.excuse(single, self.rounded) if precision == "bf16" and not single.passed else None
            if excuse is not None:
                stage.verdict, stage.reason = (SKIPPED, excuse) if excuse else (PASSED, "")
            for variant in self.variants if single.passed else ():
                want = [answers[i] for i in variant.places] if variant.places else variant.want
                self.vary(stage, variant, runtime.run, want, precision)
        if stage.verdict == FAILED and not single.passed:
            image = self._worst(answers, self.traced)
            try:
                found = bisect.in_runtime(self.artefact, stage.name, self.graph, image, precision)
            except Exception as error:  # the verdict stands without a layer as well
                self.report.notes.append(f"{stage.name}: the layer was not found: {told(error)}")
            else:
                stage.locate(found)

    def _compared(self, answers, want, precision, pictures):
        """What comparing answers to `pictures` gave; fp32 may be off by what the net makes of rounding."""
        found = self.answers.compare(answers, want, precision)
        if precision == "fp32" and found.relative is not None and not found.passed:
            allowed = self._allowed(self.answers.errors(answers, want), pictures)
            found = self.answers.compare(answers, want, precision, allowed)
        return found

    @functools.cached_property
    def rounded(self):
        """What comparing the traced graph with itself gives when nothing but its input is rounded to bf16."""
        rng = np.random.default_rng(0)
        images = [np.float32(one * (1 + BF16 * rng.uniform(-1, 1, one.shape))) for one in self.trial.inputs]
        return self.answers.compare(self._each(self._trace, images), self.traced, "bf16")

    def _allowed(self, errors, pictures):
        """(N,) relative errors that are fp32 rounding on each picture, given those of a runtime.

        An untrained deep net may amplify rounding a thousandfold on a flat picture, where errors do not average out:
        then no two libraries agree to 1e-4 (ResNeSt-50 on black: four of them 6e-4 to 2e-3, the net's own answer to a
        change of 1e-6 is 2e-3). Where that is so, the error may be SLACK times that answer.
        """
        limit = self.answers.limit
        allowed = np.full(len(errors), limit)
        for index in np.flatnonzero(errors > limit):
            image = pictures[index]
            key = id(image)  # the arrays live as long as this verification
            if key not in self.unsteady:
                self.unsteady[key] = self._motion(image)
            allowed[index] = min(MOST, max(limit, SLACK * self.unsteady[key]))
            if allowed[index] == limit:
                del self.unsteady[key]
        return allowed

    def _motion(self, image):
        """How far the traced answer to an input moves when the input changes by NUDGE, as relative error."""
        rng, still = np.random.default_rng(0), self._each(self._trace, [image])
        changed = [image * (1 + NUDGE), image * (1 + NUDGE * rng.normal(size=image.shape))]
        moved = (self._each(self._trace, [one.astype(np.float32)]) for one in changed)
        return max(float(self.answers.errors(one, still, self.traced).max()) for one in moved)

    def run_full(self, stage):
        """The graph with decoding and suppression inside, as PaddleX takes it, against the traced graph."""
        from .full_graph import load_full, run_full

        full = load_full(self.artefact)
        rows = [matched.Found(run_full(full, image)) for image in self.trial.inputs]
        inside = [matched.inside(one, image.shape[2:]) for one, image in zip(self.traced, self.trial.inputs)]
        self.judge(stage, inside, rows)

    def _trace(self, image):
        """The traced graph's outputs for an input, a list of arrays."""
        return list(run_graph(self.graph, image).values())

    def _each(self, run, images):
        """The answers that `run`, from an input to a list of arrays, gives to inputs, one after the other."""
        return [answer for image in images for answer in self.answers.read(run(image), image)]

    def _eager(self, images):
        """The trained net's answers to inputs, in evaluation mode; it goes back to training if it was."""
        was_training, model = self.model.training, self.model
        model.eval()
        with paddle.no_grad():
            answers = self._each(lambda image: arrays(model.head.deployed(model(paddle.to_tensor(image)))), images)
        if was_training:
            model.train()
        return answers

    def _worst(self, got, want):
        """The input whose answer is furthest off."""
        return self.trial.inputs[self.answers.worst(got, want)]


def unlisted(artefact):
    """What is wrong with deploy.yml's list: files of an artefact without a hash, whose change nobody would notice."""
    known = [*SINGLE, *(p.name for p in artefact.folder.glob("golden.*"))]
    below = [p.relative_to(artefact.folder).as_posix() for name in ("int8", "pir", "full")
             for p in sorted((artefact.folder / name).glob("*"))]
    here = [name for name in (*known, *below) if artefact.path(name).is_file()]
    return [f"{artefacts.DEPLOY}: files: {name} is missing from the list"
            for name in here if name not in artefact.files]


def told(error):
    """Why a stage failed: the message of an error of ours, the type and the reason of any other."""
    return str(error) if isinstance(error, PPMobileError) else f"{type(error).__name__}: {said(error)}"
