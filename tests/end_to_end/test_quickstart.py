import pathlib
import re
import subprocess
import sys

import PIL.Image
import pytest

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.slow
def test_the_quickstarts_job_beats_plain_jpeg_at_the_same_bytes_and_runs_twice(tmp_path):
    command = [sys.executable, str(ROOT / "tools" / "quickstart.py"), f"--output_dir={tmp_path}"]
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, done.stderr
    row = r"^(?:plain JPEG, quality \d+|comrec_tf) +([\d,]+) +[\d.]+ +([\d.]+) dB"
    rows = re.findall(row, done.stdout, flags=re.MULTILINE)
    (plain_bytes, plain_psnr), (our_bytes, our_psnr) = rows
    assert int(plain_bytes.replace(",", "")) >= int(our_bytes.replace(",", ""))
    assert float(our_psnr) > float(plain_psnr) + 1.0
    with PIL.Image.open(tmp_path / "side_by_side.png") as sheet:
        assert sheet.width > 900
