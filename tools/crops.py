"""The side-by-side picture of the documentation: crops at 100 % of where people look.

A face, text and grass, from pictures that scikit-image ships. Each row is cut from files of one
picture, of equally many bytes, within `equal_bytes.TOLERANCE`.
"""

import io
from typing import NamedTuple

import numpy as np
import PIL.Image
import PIL.ImageDraw
import skimage.data

from comrec_tf.compression import judges
from comrec_tf.compression.compressor import Compressor
from comrec_tf.evaluation import equal_bytes, systems
from comrec_tf.images import metrics

#: Side of a crop, gap, and height of the captions: GitHub shows rows of this width unscaled.
_SIDE, _GAP, _CAPTION = 198, 8, 36


class Scene(NamedTuple):
    """A crop of a picture.

    Attributes:
        name: of the picture in `skimage.data`.
        bits_per_pixel: about how many the files have.
        top, left, height: of the crop, in pixels.
    """

    name: str
    bits_per_pixel: float
    top: int
    left: int
    height: int


SCENES = (
    Scene("astronaut", 0.25, 10, 128, 190),
    Scene("page", 0.5, 36, 0, 100),
    Scene("camera", 0.4, 330, 215, 150),
)
_TITLES = {"jpeg": "JPEG", "avif": "AVIF"}


def draw(preset: str = "comrec") -> bytes:
    """Draw the picture.

    Args:
        preset: name or folder.

    Returns:
        A PNG file: a row for each scene, in it the original, plain JPEG, the preset and AVIF, each
        with its bytes, its bits per pixel and its SSIMULACRA2, which are of the whole picture.
    """
    compressor = Compressor.from_preset(preset)
    ours = systems.of_preset("comrec_tf", compressor)
    shown = [systems.of_codec("jpeg"), *ours, systems.of_codec("avif")]
    rows = [_row(scene, shown) for scene in SCENES]
    width = max(row.shape[1] for row in rows)
    sheet = np.concatenate([_wide(row, width) for row in rows])
    content = io.BytesIO()
    PIL.Image.fromarray(sheet).save(content, "PNG", optimize=True)
    return content.getvalue()


def _row(scene: Scene, shown: list[systems.System]) -> np.ndarray:
    picture = getattr(skimage.data, scene.name)()
    picture = picture.reshape(*picture.shape[:2], -1)
    height, width, channels = picture.shape
    num_bytes = round(scene.bits_per_pixel * height * width / 8)
    made = equal_bytes.encode_equally(shown, picture, num_bytes)
    judge = judges.judge("ssimulacra2", picture)
    panels = [("original", "", picture)]
    for system in shown:
        content = made[system.name]
        restored = system.decode(content, channels)
        rate = metrics.bits_per_pixel(len(content), height, width)
        title = f"{_TITLES.get(system.name, system.name)}, score {judge.score(restored):.0f}"
        panels.append((title, f"{len(content):,} bytes, {rate:.2f} bpp", restored))
    size = (len(panels) * (_SIDE + _GAP) - _GAP, _CAPTION + scene.height + _GAP)
    sheet = PIL.Image.new("RGB", size, "white")
    pen = PIL.ImageDraw.Draw(sheet)
    for index, (title, facts, pixels) in enumerate(panels):
        left = index * (_SIDE + _GAP)
        crop = pixels[scene.top :, scene.left :][: scene.height, :_SIDE]
        sheet.paste(PIL.Image.fromarray(crop.squeeze()), (left, _CAPTION))
        pen.text((left, 0), title, fill="black", font_size=14)
        pen.text((left, 17), facts, fill="#555555", font_size=12)
    return np.asarray(sheet)


def _wide(row: np.ndarray, width: int) -> np.ndarray:
    return np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0)), constant_values=255)
