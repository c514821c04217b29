"""Files and restored pixels for the browser tests, and the small ones that serving/web keeps.

``python -m tests.exporting.web_cases`` writes serving/web/tests/fixtures again: a site of three
tiny pairs with random weights, one of which is told JPEG's tables, and cases for them.
``write_cases`` makes the same cases for any compressor.
"""

import io
import json
import pathlib
import shutil
import struct

import numpy as np
import PIL.Image
import PIL.ImageDraw
import skimage.data

from comrec_tf.codecs import condition
from comrec_tf.compact_file import carriers, container
from comrec_tf.compression import ordinary_jpeg
from comrec_tf.compression.compressor import Compressor
from comrec_tf.compression.target import Target

FIXTURES = pathlib.Path(__file__).parents[2] / "serving" / "web" / "tests" / "fixtures"


#: Quality and subsampling of ordinary JPEGs, and more of them where there is room.
_FEW = [(93, "4:2:0"), (60, "4:2:2"), (85, "4:4:4")]
_MANY = [
    *((quality, "4:2:0") for quality in (10, 50, 75, 80, 90, 95, 98)),
    *((quality, "4:2:2") for quality in (10, 50, 75, 90, 97, 98)),
    *((quality, "4:4:4") for quality in (10, 50, 75, 80, 95, 96)),
]


def write_cases(
    compressor: Compressor,
    folder: pathlib.Path,
    *,
    ordinary: Compressor | None = None,
    thorough: bool = False,
) -> None:
    """Write compact files and ordinary JPEGs with what Python restores of them.

    Args:
        compressor: with pairs of scale 1 and 2.
        ordinary: with the pair of scale 1 for ordinary JPEGs, of which there is a compact file too;
            `compressor` if None.
        folder: receives the files and cases.json, a list of objects: `name`, `file`, `pixels` (a
            PNG), `version` (of the header, 0 for none), `conditions` (of the file; its DC step
            of luma is the step of an ordinary JPEG).
        thorough: whether there are ordinary JPEGs of many qualities.
    """
    folder.mkdir(parents=True, exist_ok=True)
    photo = skimage.data.astronaut()[30:, 130:]
    pictures = {
        "scale1": (photo[:97, :141], 1),
        "scale2": (photo[:131, :150], 2),
        "border": (photo[:65, :129], 2),
        "pixel": (photo[60:61, 60:61], 2),
        "grey": (skimage.data.camera()[100:201, 180:289, None], 2),
    }
    cases = []

    def add(name: str, content: bytes, pixels: np.ndarray) -> None:
        (folder / f"{name}.jpg").write_bytes(content)
        pixels = pixels[..., 0] if pixels.shape[2:] == (1,) else pixels
        PIL.Image.fromarray(pixels).save(folder / f"{name}.png", optimize=True)
        payload = carriers.extract(content)
        version = payload[4] if payload else 0
        files = {"file": f"{name}.jpg", "pixels": f"{name}.png"}
        step = container.read(content).step if payload else _step(content)
        conditions = condition.of_file(content, step).astype(float).round(6).tolist()
        cases.append({"name": name, "version": version, **files, "conditions": conditions})

    for name, (pixels, scale) in pictures.items():
        content = compressor.encode(pixels, 40, scale).content
        add(name, first_version(content), compressor.decode(content))
    for name, (pixels, scale) in list(pictures.items())[:2]:
        content = compressor.encode(pixels, 25, scale).content
        add(f"{name}_v3", content, compressor.decode(content))
    content = compressor.encode_to(photo[:64, :80], Target("quality", 30), []).content
    add("plain", content, compressor.decode(content))
    if ordinary:
        content = ordinary.encode(pictures["scale1"][0], 40, 1).content
        add("tables", content, ordinary.decode(content))
    for name, jpeg in _ordinary_jpegs(photo, pictures["grey"][0], thorough).items():
        add(name, jpeg, (ordinary or compressor).restore_jpeg(jpeg).picture)
    (folder / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")


def _ordinary_jpegs(photo: np.ndarray, grey: np.ndarray, thorough: bool) -> dict[str, bytes]:
    """JPEGs of others by name: what Python restores, restores less, or leaves as it is."""
    small, text = photo[:90, :121], PIL.Image.new("RGB", (160, 80), "white")
    draw = PIL.ImageDraw.Draw(text)
    for line in range(5):
        draw.text((3, 3 + 15 * line), f"{line}: the quick brown fox jumps", fill="black")
    twice = np.asarray(PIL.Image.open(io.BytesIO(_jpeg(photo[:160, :160], quality=20))))
    dithered = np.asarray(PIL.Image.fromarray(grey[..., 0]).convert("1").convert("L"))
    tables = [[3 + place // 4 for place in range(64)]] * 2
    made = {
        f"ordinary_{subsampling.replace(':', '')}_{quality}": _jpeg(
            small, quality=quality, subsampling=subsampling
        )
        for quality, subsampling in (_MANY if thorough else _FEW)
    }
    return {
        **made,
        "ordinary_420": _jpeg(small, quality=20),
        "ordinary_444_progressive": _jpeg(small, quality=35, subsampling=0, progressive=True),
        "ordinary_grey": _jpeg(grey[..., 0], quality=30),
        "ordinary_grey_92": _jpeg(grey[..., 0], quality=92),
        "ordinary_fine": _jpeg(photo[:50, :60], quality=99),
        "ordinary_tables": _jpeg(small, qtables=tables),
        "ordinary_twice": _jpeg(twice, quality=90),
        "ordinary_text": _jpeg(np.asarray(text), quality=75),
        "ordinary_pattern": _jpeg(dithered, quality=60),
        "ordinary_tiny": _jpeg(small[:5, :7], quality=40),
    }


def _jpeg(pixels: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    PIL.Image.fromarray(pixels).save(stream, "JPEG", **options)
    return stream.getvalue()


def _step(content: bytes) -> float:
    return float(ordinary_jpeg.read(content, 1 << 20).table[0])


def first_version(content: bytes) -> bytes:
    """Rewrite a compact JPEG's header as one of version 1, which files of old have."""
    header = container.read(content)
    payload = struct.pack(
        ">4sBIBBHBHBH",
        carriers.MAGIC,
        1,
        header.preset_id,
        header.scale + 4 * header.grey,
        header.quality,
        int(header.step * container.STEP_UNITS),
        *divmod(header.height, 1 << 16),
        *divmod(header.width, 1 << 16),
    )
    position = content.index(carriers.MAGIC) - 4
    end = position + 2 + int.from_bytes(content[position + 2 : position + 4], "big")
    return carriers.embed(content[:position] + content[end:], payload)


def _write_fixtures() -> None:
    import keras

    from comrec_tf.exporting import web_site
    from tests.makers import compressor_of, make_model

    keras.utils.set_random_seed(1)
    models = [make_model(scale=1), make_model(scale=2)]
    told = make_model(scale=1, tables=True)
    shutil.rmtree(FIXTURES, ignore_errors=True)
    web_site.write_models([told, *models], FIXTURES, side=64)
    write_cases(compressor_of(models), FIXTURES / "cases", ordinary=compressor_of(told))


if __name__ == "__main__":
    _write_fixtures()
