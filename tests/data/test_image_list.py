"""ImageNet list files: forms that are accepted, and the file and line of each that is not."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppmobile.data.image_list import ImageList, read_list, read_names
from ppmobile.errors import DataError

SHARED = Path(__file__).resolve().parents[2].parent / "shared"


def make(folder, text, labels="cat\ndog\n", pictures=("a.jpg",)):
    """A root with a list, a labels file and (empty) pictures."""
    for name in pictures:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    folder.mkdir(exist_ok=True)
    (folder / "list.txt").write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    (folder / "labels.txt").write_bytes(labels if isinstance(labels, bytes) else labels.encode("utf-8"))
    return str(folder)


def test_bom_crlf_blank_lines_spaces_tabs_and_backslashes(tmp_path):
    text = b"\xef\xbb\xbfa.jpg 0\r\n\r\n  \nsub\\my  cat 2.jpg\t1\r\n" + "图片 é.jpg   0".encode()
    dataset = ImageList(make(tmp_path, text, b"\xef\xbb\xbfcat\r\n\r\ndog\r\n"), "list.txt")
    assert dataset.classes == ["cat", "dog"]
    assert [item["label"] for item in dataset.items] == [0, 1, 0]
    assert dataset.paths == [str(tmp_path / name) for name in ("a.jpg", "sub/my  cat 2.jpg", "图片 é.jpg")]
    assert dataset.place(dataset.paths[1]) == "list.txt, line 4"
    assert dataset.place("elsewhere.jpg") == ""


@pytest.mark.parametrize("text, names", [
    ("tench\ngreat white shark\n", ["tench", "great white shark"]),
    ("0 tench, Tinca tinca\n1 great white shark\n", ["tench, Tinca tinca", "great white shark"]),
    ("1 dog\n0 cat\n", ["cat", "dog"]),
    ("0\n1\n2\n", ["0", "1", "2"]),
    ("3 wheels\ncar\n", ["3 wheels", "car"]),
])
def test_both_forms_of_class_names(tmp_path, text, names):
    (tmp_path / "labels.txt").write_text(text, encoding="utf-8")
    assert read_names(tmp_path / "labels.txt") == names


@pytest.mark.parametrize("text, line", [("1 cat\n2 dog\n", "line 2: '2 dog'"), ("0 cat\n\n0 dog\n", "line 3: '0 dog'")])
def test_ids_that_are_no_positions_are_refused(tmp_path, text, line):
    (tmp_path / "labels.txt").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=f"{line}: ids must be 0 to 1, each of them once"):
        read_names(tmp_path / "labels.txt")


@pytest.mark.parametrize("text, message", [
    ("a.jpg 0\nb.jpg 2\n", "list.txt, line 2: label 2 is not in 0..1; correct it or add the class to .*labels.txt"),
    ("a.jpg -1\n", "line 1: label -1 is not in 0..1"),
    ("\na.jpg cat\n", "line 2: label 'cat' is not an integer"),
    ("a.jpg 1.0\n", "label '1.0' is not an integer"),
    ("a.jpg\n", "line 1: expected `path label`, got 'a.jpg'"),
    ("\n\n", "lists no pictures"),
    ("b.jpg 0\nc.jpg 1\n", r"0 of 2 images found under .*; first missing: .*b.jpg \(list.txt, line 1\); is the root"),
    ("a.jpg 0\n熊猫.jpg 0\n".encode("gbk"), "list.txt, line 2: is not UTF-8; save the file as UTF-8"),
])
def test_wrong_lists_are_refused_with_their_line(tmp_path, text, message):
    with pytest.raises(DataError, match=message) as error:
        ImageList(make(tmp_path, text), "list.txt")
    assert "\n" not in str(error.value)


def test_missing_files_and_folders_are_named(tmp_path):
    root = make(tmp_path, "a.jpg 0\n")
    with pytest.raises(DataError, match="list of pictures 'lst.txt' is missing; looked for .*lst.txt, .*lst.txt "
                                        r"\(relative paths start at the current directory: "):
        ImageList(root, "lst.txt")
    with pytest.raises(DataError, match="list of class names 'names.txt' is missing"):
        ImageList(root, "list.txt", labels="names.txt")
    with pytest.raises(DataError, match=r"nowhere2: .* \(relative paths start at the current directory: "):
        ImageList("nowhere2", "list.txt")
    with pytest.raises(DataError, match="nowhere: no such folder"):
        ImageList(str(tmp_path / "nowhere"), "list.txt")
    (tmp_path / "labels.txt").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match="holds no class names"):
        ImageList(root, "list.txt")


def test_a_single_missing_picture_is_left_to_the_scan(tmp_path):
    assert len(ImageList(make(tmp_path, "a.jpg 0\ngone.jpg 1\n"), "list.txt")) == 2


def test_list_and_names_may_lie_apart_from_the_pictures(tmp_path, monkeypatch):
    root = tmp_path / "pictures"
    make(root, "a.jpg 0\n", labels="wrong\n")
    make(tmp_path / "lists", "a.jpg 1\n", pictures=())
    monkeypatch.chdir(tmp_path)
    dataset = ImageList("pictures", "lists/list.txt")
    assert dataset.items == [{"path": str(root / "a.jpg"), "label": 1}]
    assert dataset.classes == ["cat", "dog"]  # the names beside the list, not those under the root


# Any name a list can hold: no line feed, and no backslash, which is read as a folder separator.
NAMES = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\n\r\\\0"), max_size=20)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(NAMES, st.integers(0, 999)), min_size=1, max_size=8), st.sampled_from(["\n", "\r\n"]),
       st.sampled_from([" ", "\t", "   "]), st.booleans())
def test_reading_gives_back_any_paths_and_labels(entries, end, gap, bom):
    entries = [(f"{name}.jpg", label) for name, label in entries]
    text = end.join(f"{name}{gap}{label}" for name, label in entries)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.txt"
        path.write_bytes(text.encode("utf-8-sig" if bom else "utf-8"))
        assert [(name, label) for _, name, label in read_list(path)] == entries


@settings(max_examples=40, deadline=None)
@given(st.permutations(list(range(6))))
def test_names_with_ids_may_come_in_any_order(order):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.txt"
        path.write_text("".join(f"{i} class {i}\n" for i in order), encoding="utf-8")
        assert read_names(path) == [f"class {i}" for i in range(6)]


def test_a_real_list(tmp_path):
    if not SHARED.is_dir():
        pytest.skip("no shared data beside the repository")
    dataset = ImageList(str(SHARED / "data" / "animals3"), "val_list.txt")
    assert dataset.classes == ["cats", "dogs", "panda"] and len(dataset) == 150  # as its README says
    assert all(dataset.classes[item["label"]] == Path(item["path"]).parent.name for item in dataset.items)
    assert dataset.load(0).image.ndim == 3
