"""How fast a config trains here: its data pipeline alone, one process, and several, taking turns in one run."""

import csv
import io
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from ..engine import launch
from ..errors import PPMobileError
from ..files import write_text

WARM_UP = 3  # steps before the clock starts: memory is allocated, caches fill


def bench(config_arguments, steps, rounds, processes):
    """Rows {what, img_per_s, low, high, data_wait, ratio} of a config, each setting measured once a round.

    config_arguments: the -c and -o arguments, handed on to fresh processes. The data pipeline is measured
    alone in one process with one thread, on the config's pictures, then on 640x480 JPEGs, also decoding alone.
    """
    settings = [("pipeline", 0), ("training", 1), *([("training", processes)] if processes > 1 else [])]
    found = {setting: [] for setting in settings}
    for _ in range(rounds):
        for setting in settings:
            found[setting].append(measured(config_arguments, steps, setting[1]))
    rows, one = [], None
    for (what, count), results in found.items():
        for key in results[0]["rates"]:
            rates = [result["rates"][key] for result in results]
            middle = statistics.median(rates)
            one = middle if count == 1 else one
            rows.append({
                "what": key if what == "pipeline" else f"training, {count} process{'es' if count > 1 else ''}",
                "img_per_s": round(middle, 1), "low": round(min(rates), 1), "high": round(max(rates), 1),
                "data_wait": statistics.median(r["data_wait"] for r in results) if count else "",
                "ratio": round(middle / one, 2) if count and one else ""})
    return rows


def measured(config_arguments, steps, processes):
    """The JSON that a fresh `ppmobile bench train --measure` prints."""
    command = [sys.executable, "-m", "ppmobile", "bench", "train", *config_arguments, "--steps", str(steps),
               "--measure", str(processes)]
    done = subprocess.run(command, capture_output=True, text=True, env=launch.environment())
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"rates"')]
    if done.returncode or not lines:
        said = [line for line in done.stderr.splitlines() if line.startswith("ppmobile: ")]
        raise PPMobileError(said[-1][len("ppmobile: "):] if said else f"measuring failed: {done.stderr[-300:]}")
    return json.loads(lines[-1])


def measure(config, steps, processes, arguments):
    """Print one measurement as JSON: of the pipeline (0 processes) or of training with some; returns the status."""
    if processes == 0:
        print(json.dumps({"rates": pipeline_rates(config, steps)}))
        return 0
    from ..engine import parallel

    if processes > 1 and parallel.world() == 1:
        return launch.supervise(processes, arguments)
    parallel.start()
    result = training_rate(config, steps)
    parallel.barrier()
    if parallel.rank() == 0:
        print(json.dumps(result), flush=True)
    return 0


def training_rate(config, steps):
    """{"rates": {"training": pictures a second over all processes}, "data_wait": share} of `steps` steps."""
    from ..engine.logs import Meter
    from ..engine.run import assemble

    trainer = assemble(config, Path(config.output), pretrained=False)  # fresh weights train as fast
    trainer.hooks = [Meter()]
    trainer.optimizer.set_lr(1e-6)  # too small to diverge in a few steps
    trainer.model.train()
    done = epoch = 0
    while done < WARM_UP + steps:
        for batch in trainer.loader.epoch(epoch):
            if done in (0, WARM_UP):
                trainer.call("before_epoch")  # starts the Meter's clock
            trainer.train_batch(batch)
            done += 1
            if done == WARM_UP + steps:
                break
        epoch, trainer.batch = epoch + 1, 0
    means = trainer.hooks[0].means()
    return {"rates": {"training": means["img_per_s"]}, "data_wait": means["data_wait"]}


def pipeline_rates(config, steps):
    """{name: pictures a second} of one core: the config's training pictures, and 640x480 JPEGs made for it."""
    import cv2

    from ..data.loader import Loader
    from ..engine.datasets import open_split
    from ..files import decode_image
    from ..transforms import Compose

    cv2.setNumThreads(0)
    transforms = Compose(config.transforms.train, "transforms.train")
    dataset = open_split(config, "train")
    loader = Loader(dataset, transforms, config.train.batch_size, shuffle=True)
    count = min(len(dataset), max(200, steps * 8))
    encoded = jpeg_640()
    fixed = Compose([{"name": "RandomResizedCrop", "size": 224}, {"name": "Flip"}, {"name": "Normalize"},
                     {"name": "ToCHW"}])
    return {
        "data of this config to a training tensor": per_second(lambda i: loader[(0, i % len(dataset))], count),
        "JPEG 640x480 to a 224 px training tensor": per_second(lambda i: synthetic(fixed, encoded, i), count),
        "JPEG 640x480, decoding alone (cv2)": per_second(lambda i: decode_image(encoded[i % len(encoded)]), count),
    }


def jpeg_640(count=8, quality=90):
    """`count` JPEGs of 640x480 with smooth shapes and fine noise, about as large as photos (80 to 180 kB)."""
    import cv2
    import numpy as np

    rng = np.random.default_rng(0)
    pictures = []
    for _ in range(count):
        smooth = cv2.resize(rng.integers(0, 255, (12, 16, 3)).astype(np.uint8), (640, 480),
                            interpolation=cv2.INTER_CUBIC)
        image = np.clip(smooth + rng.normal(0, 10, smooth.shape), 0, 255).astype(np.uint8)
        pictures.append(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())
    return pictures


def synthetic(transforms, encoded, index):
    """Decode one of `encoded` and transform it as in training."""
    import numpy as np

    from ..data.sample import Sample
    from ..files import decode_image

    return transforms(Sample(decode_image(encoded[index % len(encoded)])), np.random.default_rng((0, 0, index)))


def per_second(work, count):
    """How often a second `work(i)` runs."""
    for i in range(5):
        work(i)
    start = time.perf_counter()
    for i in range(count):
        work(i)
    return count / (time.perf_counter() - start)


def write_csv(rows, path):
    """The rows as a CSV file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def table(rows):
    """The rows as text."""
    lines = [f"{'':<44} {'img/s':>7}  {'low':>7}  {'high':>7}  {'data wait':>9}  {'ratio':>5}"]
    for row in rows:
        wait = f"{row['data_wait']:.1%}" if row["data_wait"] != "" else ""
        lines.append(f"{row['what']:<44} {row['img_per_s']:>7}  {row['low']:>7}  {row['high']:>7}  {wait:>9}  "
                     f"{row['ratio']:>5}")
    return "\n".join(lines)
