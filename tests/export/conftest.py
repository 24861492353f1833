"""What the tests of conversion share: graphs with a planted operator."""

import planted
import pytest

import ppmobile


@pytest.fixture
def register_planted():
    """Configs may name the backbone Planted during the test."""
    planted.register()
    yield
    planted.remove()


@pytest.fixture
def plant(register_planted, tmp_path):
    """A function that writes the graph of a net with an operator of planted.OPERATORS and returns its folder."""
    from ppmobile.export.paddle_graph import deployed, write_graph

    def write(operator, batch=1):
        net = ppmobile.build({"task": "classify", "model": {"backbone": {"name": "Planted", "operator": operator}}}, 5)
        write_graph(deployed(net), [batch, 3, 16, 16], tmp_path / "图片 é")
        return tmp_path / "图片 é"
    return write
