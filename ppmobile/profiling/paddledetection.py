"""Times PaddleDetection's own YOLOv3; run with its Python as a file, so it imports nothing of ppmobile.

    python paddledetection.py CHECKOUT PICTURES SIZE BATCH STEPS

PICTURES: a folder with made.json (COCO) of profiling/made.py. Prints one line of JSON: {"step": [img/s, img/s of
processor time], "reader": img/s of processor time, "reader_without_mixup": the same}.
"""

import json
import sys
import time
from pathlib import Path

CONFIG = "configs/yolov3/yolov3_mobilenet_v3_large_270e_coco.yml"
WARM_UP = 2
STEPS_AN_EPOCH = 1000  # what its learning rate asks for; it makes no difference to the speed


def main(checkout, folder, size, count, steps):
    """Print the measurement of `steps` steps with batches of `count` pictures of `size` pixels."""
    sys.path.insert(0, checkout)
    from ppdet.core.workspace import create, load_config

    config = load_config(str(Path(checkout, CONFIG)))
    config["pretrain_weights"] = None
    reader = config["TrainReader"]
    batch_steps = [({"BatchRandomResize": {**step["BatchRandomResize"], "target_size": [size]}}
                    if "BatchRandomResize" in step else step) for step in reader["batch_transforms"]]
    records = read_records(Path(folder))
    made, with_mixup = batches(records, reader["sample_transforms"], batch_steps, count, mixup=True)
    plain = [step for step in reader["sample_transforms"] if "Mixup" not in step]
    _, without = batches(records, plain, batch_steps, count, mixup=False)
    model = create("YOLOv3")
    model.train()
    optimizer = create("OptimizerBuilder")(create("LearningRate")(STEPS_AN_EPOCH), model)
    found = {"step": train(model, optimizer, made, count, steps), "reader": with_mixup, "reader_without_mixup": without}
    print(json.dumps(found), flush=True)


def read_records(folder):
    """The dicts that PaddleDetection's dataset gives its transforms, with the bytes of the pictures."""
    import numpy as np

    content = json.loads((folder / "made.json").read_text(encoding="utf-8"))
    records = []
    for image in content["images"]:
        mine = [one for one in content["annotations"] if one["image_id"] == image["id"]]
        boxes = np.array([one["bbox"] for one in mine], np.float32)
        boxes[:, 2:] += boxes[:, :2]
        records.append({
            "im_id": np.array([image["id"]]), "im_file": str(folder / image["file_name"]),
            "h": 480.0, "w": 640.0, "gt_bbox": boxes, "is_crowd": np.zeros((len(mine), 1), np.int32),
            "gt_class": np.array([[one["category_id"]] for one in mine], np.int32),
            "gt_score": np.ones((len(mine), 1), np.float32), "curr_iter": 0, "curr_epoch": 0})
    return records


def batches(records, sample_steps, batch_steps, count, mixup):
    """(a batch as tensors, pictures a second of processor time that the reader makes)."""
    import copy

    import cv2
    import paddle
    from ppdet.data.reader import BatchCompose, Compose

    cv2.setNumThreads(0)
    one, whole = Compose(sample_steps, num_classes=80), BatchCompose(batch_steps, num_classes=80)
    spent, pictures, made = 0.0, 0, None
    for turn in range(9):
        chosen = [copy.deepcopy(records[(turn * count + i) % len(records)]) for i in range(count)]
        others = [copy.deepcopy(records[(turn * count + i + 5) % len(records)]) for i in range(count)]
        start = time.process_time()
        made = whole([one([a, b] if mixup else a) for a, b in zip(chosen, others)])
        if turn:  # the first one warms up
            spent, pictures = spent + time.process_time() - start, pictures + count
    return {name: paddle.to_tensor(value) for name, value in made.items()}, pictures / spent


def train(model, optimizer, batch, count, steps):
    """[pictures a second, pictures a second of processor time] of forward, backward, and the optimizer's step."""
    for number in range(WARM_UP + steps):
        if number == WARM_UP:
            start, busy = time.perf_counter(), time.process_time()
        batch["epoch_id"] = 0
        loss = model(batch)["loss"]
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
        float(loss)  # as its log does
    return [steps * count / (time.perf_counter() - start), steps * count / (time.process_time() - busy)]


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))
