"""No library reports its use: a fresh home stays empty."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("name", ["openvino", "nncf"])
def test_importing_leaves_no_trace_in_the_home(tmp_path, name):
    pytest.importorskip(name)
    home = tmp_path / "home"
    home.mkdir()
    code = (f"import sys; from ppmobile.untracked import import_{name}; import_{name}(); "
            f"sys.exit({name!r} not in sys.modules or 'openvino_telemetry' in sys.modules)")
    environment = {**os.environ, "HOME": str(home)}
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], env=environment, check=False).returncode == 0
    assert [path.name for path in home.iterdir() if path.name == "intel"] == []
