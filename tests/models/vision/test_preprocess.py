"""Pictures of unknown origin are decoded within limits, or refused in clear words."""

import io
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from inkling.models.vision import preprocess as module
from inkling.models.vision.preprocess import ImageError, Preprocessing, decode, preprocess

PIXELS = Preprocessing(image_size=224, mean=127.0, scale=128.0)


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    """An image as a file."""
    stored = io.BytesIO()
    image.save(stored, kind)
    return stored.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A small PNG file that claims to hold many pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def test_values_are_scaled() -> None:
    pixels = preprocess(encoded(Image.new("RGB", (224, 224), (255, 127, 0))), PIXELS)
    assert pixels.shape == (3, 224, 224)
    assert pixels.dtype == np.float32
    assert [float(channel[0, 0]) for channel in pixels] == [1.0, 0.0, -127 / 128]


def test_another_size_is_resized() -> None:
    half = Image.new("RGB", (300, 100), "white")
    half.paste((0, 0, 0), (0, 0, 150, 100))
    pixels = preprocess(encoded(half), PIXELS)
    assert pixels[0, 112, 20] < -0.9 < 0.9 < pixels[0, 112, 200]


@pytest.mark.parametrize("mode", ["I", "F", "LAB"])
def test_pixels_without_one_meaning_are_refused_in_words(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FORMATS", ("TIFF",))
    with pytest.raises(ImageError, match=f"mode {mode}, .*save it with 8 or 16 bits"):
        decode(encoded(Image.new(mode, (4, 4)), "TIFF"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"not a picture", "not an image in one of the formats JPEG"),
        (b"\0" * (module.MAX_BYTES + 1), "bytes; at most"),
        (bomb(40_000, 40_000), "pixels; at most"),
        (bomb(30_000, 5_000), "30000 x 5000 pixels; at most"),
        (bomb(1, 39_000_000), "1 x 39000000 pixels; a side may have 16,384"),
        (bomb(4_000, 3_000), "bytes unfold to 4000 x 3000 pixels"),
        (encoded(Image.effect_noise((300, 300), 80), "JPEG")[:4000], "damaged"),
        (b"GIF89a" + b"\xff" * 20, "."),
    ],
    ids=["empty", "text", "bytes", "bomb", "pixels", "side", "unfolds", "cut", "nonsense"],
)
def test_what_cannot_be_used_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        decode(data)


@given(st.binary(max_size=200), st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "WEBP"]), st.integers(0, 400))
def test_damage_never_raises_anything_else(noise: bytes, kind: str, place: int) -> None:
    whole = encoded(Image.effect_noise((24, 24), 60).convert("RGB"), kind)
    data = whole[:place] + noise + whole[place + len(noise) :]
    try:
        mode = decode(data).mode
    except ImageError:
        return
    assert mode == "RGB"


def test_needs_no_torch() -> None:
    code = "import sys, inkling.models.vision.preprocess; print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_the_middle_is_cut_out_where_the_encoder_wants_that() -> None:
    striped = Image.new("RGB", (300, 100), "white")
    striped.paste((0, 0, 0), (100, 0, 200, 100))
    pixels = preprocess(encoded(striped), PIXELS.model_copy(update={"crop": True}))
    assert pixels[:, :, 4:-4].max() < -0.9  # the resampling smooths the cut itself


def test_each_channel_has_its_own_scale() -> None:
    pixels = preprocess(
        encoded(Image.new("RGB", (8, 8), (10, 20, 30))),
        Preprocessing(image_size=8, mean=(0, 10, 20), scale=(1, 2, 5)),
    )
    assert [float(channel[0, 0]) for channel in pixels] == [10.0, 5.0, 2.0]


def test_a_scale_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="must be positive"):
        Preprocessing(image_size=8, mean=0.0, scale=(1.0, 0.0, 1.0))
