"""Rules of this code base that no linter knows: paths, encodings, unsafe readers, docstrings, and sizes."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "ppmobile").rglob("*.py"))
SCRIPTS = [*SOURCES, *sorted((ROOT / "tools").glob("*.py")), ROOT / "setup.py"]
MACHINE = re.compile(r"(?<![\w.:~/])/(?:work|root|home|tmp)/")
FORBIDDEN = {
    "cv2.imread": "cannot read a path with letters beyond ASCII on Windows; use files.read_image",
    "cv2.imwrite": "cannot write such a path; use files.write_image",
    "pickle.load": "runs what a hostile file says; use arrays", "pickle.loads": "the same",
    "eval": "runs any text", "exec": "runs any text", "yaml.unsafe_load": "makes any object", "np.load": "see arrays",
}
ONLY_IN = {"yaml.load": "yaml_text.py", "np.load": "arrays.py"}


def name_of(path):
    """A file's name in the test report."""
    return path.relative_to(ROOT).as_posix()


def tracked():
    """The files under version control, or all of the project's folders in a copy without one."""
    done = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True,
                          check=False)
    if done.returncode == 0:
        return [ROOT / name for name in done.stdout.decode("utf-8").split("\0") if name]
    folders = ("ppmobile", "configs", "tools", "tests")
    return [p for folder in folders for p in (ROOT / folder).rglob("*") if p.is_file()]


def calls(tree):
    """(dotted name of what is called, node) of every call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def broken_rules(source, file=""):
    """What a source does that this project never does."""
    for called, node in calls(ast.parse(source)):
        given = {k.arg: k.value for k in node.keywords}
        last = called.rpartition(".")[2]
        if called in FORBIDDEN and ONLY_IN.get(called) != file:
            yield f"line {node.lineno}: {called}: {FORBIDDEN[called]}"
        if called == "yaml.load" and file != ONLY_IN[called]:
            yield f"line {node.lineno}: yaml.load: use yaml_text.parse_yaml"
        modes = [a.value for a in [*node.args[:2], given.get("mode")] if isinstance(a, ast.Constant)]
        binary = any(isinstance(mode, str) and re.fullmatch(r"[rwxa+]*b[rwxa+]*", mode) for mode in modes)
        if called in ("open", "os.fdopen") and "encoding" not in given and not binary:
            yield f"line {node.lineno}: open without encoding"
        if "." in called and last in ("read_text", "write_text") and "encoding" not in given:
            if not called.startswith("files."):
                yield f"line {node.lineno}: {last} without encoding"


def undocumented(tree):
    """Public classes, functions and methods without a docstring; what stands inside a function is its own affair."""
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_"):
            if not ast.get_docstring(node):
                yield f"line {node.lineno}: {node.name}"
            if isinstance(node, ast.ClassDef):
                yield from undocumented(node)


def lengths(tree):
    """(function, lines from def to its end) of all functions."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.end_lineno - node.lineno + 1


@pytest.mark.parametrize("file", SCRIPTS, ids=name_of)
def test_source(file):
    text = file.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert list(broken_rules(text, file.name)) == []
    assert ast.get_docstring(tree), "a module says in a sentence what it is for"
    assert list(undocumented(tree)) == []
    assert len(text.splitlines()) <= 300
    assert [(name, length) for name, length in lengths(tree) if length > 60] == []


@pytest.mark.parametrize("file", sorted((ROOT / "tests").rglob("*.py")), ids=name_of)
def test_test_file(file):
    text = file.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)) and len(text.splitlines()) <= 300


def test_no_path_of_one_machine():
    found = []
    for path in tracked():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (UnicodeDecodeError, OSError):  # a picture; or deleted but still listed
            continue
        found += [f"{name_of(path)}:{i}: {line.strip()}" for i, line in enumerate(lines, 1) if MACHINE.search(line)]
    assert found == []


def test_names_of_test_files_are_unique_and_have_their_module():
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    assert len({f.name for f in files}) == len(files)
    assert not list((ROOT / "tests").rglob("__init__.py"))


@pytest.mark.parametrize("source", [
    "cv2.imread(p)", "open(p)", "open(p, 'w')", "Path(p).read_text()", "p.write_text('x')", "pickle.load(f)", "eval(x)",
    "yaml.load(t, Loader=yaml.Loader)", "np.load(p)", "open(p, mode='a')",
])
def test_the_rules_bite(source):
    assert len(list(broken_rules(source))) == 1


@pytest.mark.parametrize("source", [
    "model.eval()", "open(p, 'rb')", "open(p, encoding='utf-8')", "open(p, mode='wb')", "files.write_text(p, 'x')",
    "yaml.safe_load(t)", "write_text(p, 'x')",
])
def test_the_rules_spare_what_is_right(source):
    assert list(broken_rules(source)) == []


def test_the_other_checks_bite():
    assert list(undocumented(ast.parse("class A:\n    'x'\n    def b(self): pass\n    def _c(self): pass\n"))) == [
        "line 3: b"]
    assert list(lengths(ast.parse("def f():\n    pass\n    pass\n"))) == [("f", 3)]
    assert MACHINE.search("see " + "/".join(["", "home", "ann"])) and not MACHINE.search("a/home/ann")
