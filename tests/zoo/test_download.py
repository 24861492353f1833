"""Downloads from a loopback server: whole files arrive, anything else leaves nothing behind."""

import hashlib
import http.server
import threading

import numpy as np
import pytest

from ppmobile.arrays import read_arrays, write_arrays
from ppmobile.errors import CheckpointError
from ppmobile.zoo import download as module
from ppmobile.zoo.download import download


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    monkeypatch.setattr(module, "PAUSE", 0.0)
    monkeypatch.setattr(module, "TIMEOUT", 5.0)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "origin" / "tiny.pdparams"
    write_arrays(path, {"w": np.arange(5, dtype="float32")})
    return path


@pytest.fixture
def server(weights):
    """A server whose `answers` (status, body, announced length) are given one after another, the last one again."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, body, length = answers[min(len(served), len(answers) - 1)]
            served.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            """Keep the test's output clean."""

    body = weights.read_bytes()
    answers, served = [(200, body, len(body))], []
    running = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
    running.answers, running.served = answers, served
    running.url = f"http://127.0.0.1:{running.server_port}/tiny.pdparams"
    yield running
    running.shutdown()
    running.server_close()


def left_in(folder):
    return [path.name for path in folder.iterdir()] if folder.exists() else []


def test_whole_file(server, weights, tmp_path):
    target = tmp_path / "cache é" / "tiny.pdparams"
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    assert download(server.url, target, digest) == digest
    assert read_arrays(target)["w"].tolist() == [0, 1, 2, 3, 4] and left_in(target.parent) == ["tiny.pdparams"]


def test_file_url(weights, tmp_path):
    download(weights.as_uri(), tmp_path / "tiny.pdparams")
    assert (tmp_path / "tiny.pdparams").read_bytes() == weights.read_bytes()


def test_a_transfer_that_breaks_off_is_tried_again(server, weights, tmp_path):
    body = weights.read_bytes()
    server.answers[:0] = [(200, body[:20], len(body)), (503, b"", 0)]
    download(server.url, tmp_path / "cache" / "tiny.pdparams")
    assert len(server.served) == 3 and (tmp_path / "cache" / "tiny.pdparams").read_bytes() == body


@pytest.mark.parametrize(
    ("status", "body", "length", "words", "tries"),
    [
        (200, b"\x80\x04", 99, "2 of 99 bytes|IncompleteRead", 3),
        (500, b"", 0, "500", 3),
        (404, b"", 0, "404", 1),
        (200, b"<html>log in first</html>", 25, "the answer is not weights", 1),
        (200, b"", 0, "the answer is not weights", 1),
    ],
)
def test_bad_answers_leave_nothing(server, tmp_path, status, body, length, words, tries):
    server.answers[:] = [(status, body, length)]
    target = tmp_path / "cache" / "tiny.pdparams"
    with pytest.raises(CheckpointError, match=words) as caught:
        download(server.url, target)
    message = str(caught.value)
    assert server.url in message and str(target) in message and "\n" not in message
    assert len(server.served) == tries and left_in(target.parent) == []


def test_other_sha256_is_refused(server, tmp_path):
    target = tmp_path / "cache" / "tiny.pdparams"
    with pytest.raises(CheckpointError, match="sha256 is .*, expected 00: refused"):
        download(server.url, target, "00")
    assert left_in(target.parent) == []


def test_failed_download_keeps_an_older_file(server, tmp_path):
    target = tmp_path / "tiny.pdparams"
    target.write_bytes(b"old")
    server.answers[:] = [(404, b"", 0)]
    with pytest.raises(CheckpointError):
        download(server.url, target)
    assert target.read_bytes() == b"old"


def test_offline_says_where_to_put_the_file(server, tmp_path):
    url = server.url
    server.shutdown()
    server.server_close()
    target = tmp_path / "cache" / "tiny.pdparams"
    with pytest.raises(CheckpointError) as caught:
        download(url, target)
    assert str(caught.value).startswith(f"{url}: cannot be downloaded (")
    assert str(caught.value).endswith(f"get it by hand and put it at {target}")
