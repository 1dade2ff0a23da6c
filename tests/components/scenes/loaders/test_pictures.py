"""Pictures come from one folder alone, within the limits of all images, and are kept as they are where they can be."""

import base64
import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from inkling.components.scenes.loaders import pictures
from inkling.components.scenes.loaders.contract import RecordError
from inkling.components.scenes.loaders.pictures import checked_picture, read_picture
from inkling.models.vision.preprocess import decode

Encoded = Callable[..., bytes]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def bomb(side: int) -> bytes:
    """A small PNG file that claims to hold many pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def stored(image: Image.Image, kind: str, **how: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def test_a_picture_is_read_from_the_folder_or_the_record_itself(folder: Path, encoded: Encoded) -> None:
    assert read_picture(folder, "3.jpg") == encoded(3)
    assert read_picture(folder, "./deep/../deep/5.png") == encoded(5, "PNG")
    uri = "data:image/jpeg;base64," + base64.b64encode(encoded(1)).decode()
    assert read_picture(None, uri) == encoded(1)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../secret.jpg", "leads out of the folder"),
        ("deep/../../secret.jpg", "leads out of the folder"),
        ("/etc/hostname", "leads out of the folder"),
        ("link.jpg", "leads out of the folder"),
        ("linked/secret.jpg", "leads out of the folder"),
        ("loop.jpg", "cannot be followed|leads out|cannot be read"),
        ("https://example.org/a.jpg", "is an address"),
        ("file:///etc/hostname", "is an address"),
        ("s3://bucket/a.jpg", "is an address"),
        ("data:image/png,abc", "data URI must look like"),
        ("data:image/png;base64,?", "not valid base64"),
        ("deep", "is no file"),
        ("pipe", "is no file"),
        ("", "names no picture"),
        ("a\0.jpg", "names no picture"),
        ("\udcff.jpg", "names no picture"),
        ("none.jpg", "there is no picture 'none.jpg'"),
        ("0.jpg/none.jpg", "cannot be read"),
        ("x" * 5000, "cannot be"),
    ],
)
def test_what_is_no_picture_of_the_folder_is_refused_by_name(folder: Path, name: str, message: str) -> None:
    secret = folder.parent / "secret.jpg"
    secret.write_bytes(b"secret")
    (folder / "link.jpg").symlink_to(secret)
    (folder / "linked").symlink_to(folder.parent)
    (folder / "loop.jpg").symlink_to("loop.jpg")
    os.mkfifo(folder / "pipe")
    with pytest.raises(RecordError, match=message) as refused:
        read_picture(folder, name)
    assert len(str(refused.value)) < 300
    assert (refused.value.fault == "missing") == ("there is no picture" in message)


def test_a_link_within_the_folder_is_followed(folder: Path, encoded: Encoded) -> None:
    (folder / "again.jpg").symlink_to("deep/../3.jpg")
    assert read_picture(folder, "again.jpg") == encoded(3)


def test_without_a_folder_no_file_is_read(folder: Path) -> None:
    with pytest.raises(RecordError, match="no folder is stated: set `images`"):
        read_picture(None, str(folder / "0.jpg"))


def test_a_file_over_the_limit_is_not_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_BYTES", 10)
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("it was read"))
    with pytest.raises(RecordError, match=r"'0.jpg' has \d+ bytes; at most 10 are taken"):
        read_picture(folder, "0.jpg")


@given(name=st.text(st.characters(exclude_categories=()), max_size=30))
def test_any_name_is_refused_or_read(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(RecordError):
        read_picture(tmp_path_factory.getbasetemp() / "none", name)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the image is empty"),
        (b"text", "not an image in one of the formats"),
        (bomb(30_000), "pixels; at most"),
    ],
)
def test_bytes_that_show_nothing_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(RecordError, match=message):
        checked_picture(data)


def test_truncated_and_thin_pictures_are_refused(encoded: Encoded) -> None:
    for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP"):
        whole = stored(Image.effect_noise((64, 64), 90).convert("RGB"), kind)
        with pytest.raises(RecordError, match="damaged|formats"):
            checked_picture(whole[: len(whole) // 2])
    for size in ((1, 40), (40, 1), (1, 1)):
        with pytest.raises(RecordError, match=f"{size[0]} x {size[1]} pixels, which show nothing"):
            checked_picture(encoded(0, "PNG", size))


def test_jpeg_and_png_keep_their_bytes(encoded: Encoded) -> None:
    exif = Image.Exif()
    exif[274] = 6
    noise = Image.effect_noise((20, 30), 90)
    kept = {
        "turned": encoded(6, exif=exif),
        "CMYK": stored(noise.convert("CMYK"), "JPEG"),
        "16 bits": stored(Image.fromarray(np.arange(600, dtype=np.uint16).reshape(20, 30) * 100), "PNG"),
        "palette with alpha": stored(noise.convert("P"), "PNG", transparency=3),
        "moving PNG": stored(noise, "PNG", save_all=True, append_images=[Image.new("L", (20, 30))]),
    }
    for name, data in kept.items():
        assert checked_picture(data).data == data, name
    assert checked_picture(kept["turned"]).size == decode(kept["turned"]).size == (24, 32)


def test_other_formats_are_kept_as_the_first_frame_that_they_show(encoded: Encoded) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    moving = stored(frames[0], "GIF", save_all=True, append_images=frames[1:])
    for data in (moving, encoded(6, "WEBP", lossless=True), encoded(6, "BMP")):
        made = checked_picture(data).data
        assert made.startswith(b"\x89PNG")
        assert np.array_equal(np.asarray(decode(made)), np.asarray(decode(data)))
    assert decode(checked_picture(moving).data).getpixel((3, 3)) == (255, 0, 0)
