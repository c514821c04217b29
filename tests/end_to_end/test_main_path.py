"""The whole way a user goes: train, compress, restore, and see what was gained."""

import io

import numpy as np
import PIL.Image
import pytest

from comrec_tf import compress, restore, train
from comrec_tf.images import metrics

pytestmark = pytest.mark.smoke


def test_a_stranger_trains_compresses_and_restores(tmp_path, pictures_dir, capsys):
    assert (
        train.main(
            [
                "train",
                f"--train_data={pictures_dir}",
                f"--valid_data={pictures_dir}/camera.png",
                f"--output_dir={tmp_path}/run",
                "--epochs=2",
                "--steps_per_epoch=4",
                "--patch_size=32",
                "--batch_size=4",
                "--com_filters=8",
                "--rec_filters=8",
                "--rec_depth=4",
                "--warmup_steps=1",
            ]
        )
        == 0
    )
    best = tmp_path / "run" / "best"
    assert f"best preset: {best}" in capsys.readouterr().out

    inputs = [str(pictures_dir / f"{name}.png") for name in ("astronaut", "camera", "small")]
    arguments = [f"--preset={best}", "--quality=75"]
    smaller = [*inputs, f"--output_dir={tmp_path}/c", "--scale=2", *arguments]
    assert compress.main(["compress", *smaller]) == 0
    compact = [str(path) for path in sorted((tmp_path / "c").iterdir())]
    assert restore.main(["restore", *compact, f"--output_dir={tmp_path}/r", arguments[0]]) == 0

    for name in ("astronaut", "camera", "small"):
        original = np.asarray(PIL.Image.open(pictures_dir / f"{name}.png"))
        restored = np.asarray(PIL.Image.open(tmp_path / "r" / f"{name}.png"))
        assert restored.shape == original.shape
        assert metrics.psnr(original, restored) > 22
        # The compact file is a JPEG of half the size, and smaller than one of the whole.
        content = (tmp_path / "c" / f"{name}.jpg").read_bytes()
        height, width = original.shape[:2]
        shown = PIL.Image.open(io.BytesIO(content))
        assert shown.size == (-(-width // 2), -(-height // 2))
        plain = io.BytesIO()
        PIL.Image.fromarray(original).save(plain, "JPEG", quality=75, optimize=True)
        if name != "small":
            assert len(content) < 0.6 * len(plain.getvalue())
