"""The folder of a run: whether it is free, and the files that tell what the run is."""

import json
import shutil
import time

from ..config import dump
from ..doctor import examine
from ..errors import PPMobileError
from ..files import explain_os_errors, remove_leftovers, write_json, write_text

OF_A_RUN = ("last.safetensors", "best.safetensors", "metrics.csv", "curves.png", "run.json", "epoch_*.safetensors")


def check_free(folder, overwrite=False):
    """PPMobileError if a run lies in `folder` that nobody asked to replace; changes nothing."""
    if not overwrite and any((folder / name).exists() for name in OF_A_RUN[:2]):
        raise PPMobileError(f"{folder}: holds a run already; go on with --resume, replace it with --overwrite, or "
                            "choose another folder with -o output=FOLDER")


def claim(folder, config, resumed, command, processes):
    """Make the folder ready for a run that is about to start: an old one goes, config.yml and run.json come.

    resumed: the folder's run goes on, so its files stay. To be called when nothing can be refused any more.
    """
    with explain_os_errors(folder / "config.yml"):
        folder.mkdir(parents=True, exist_ok=True)
        if not resumed:
            for path in [path for name in OF_A_RUN for path in folder.glob(name)]:
                path.unlink()
            for path in [*folder.glob("eval_*"), folder / "visualdl"]:
                shutil.rmtree(path, ignore_errors=True)
        remove_leftovers(folder)
    write_text(folder / "config.yml", dump(config))
    write_record(folder, command, processes)


def write_record(folder, command, processes):
    """run.json: how, when and on what the run was started; a resume adds an entry."""
    path, machine = folder / "run.json", examine()
    starts = read_starts(path)
    starts.append({"command": command, "date": time.strftime("%Y-%m-%d %H:%M"), "processes": processes,
                   "cpu": machine.cpu, "cores": machine.cores, "python": ".".join(map(str, machine.python)),
                   "versions": {k: machine.versions.get(k) for k in ("paddlepaddle", "numpy")}})
    write_json(path, {"starts": starts})


def read_starts(path):
    """The entries of a run.json; none if it is missing or damaged."""
    try:
        starts = json.loads(path.read_text(encoding="utf-8"))["starts"]
        return starts if isinstance(starts, list) else []
    except (OSError, ValueError, KeyError, TypeError):
        return []
