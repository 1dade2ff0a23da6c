"""Whatever way an image is stored, its pixels are those that viewers show."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms

from inkling.models.vision import viewing
from inkling.models.vision.preprocess import ImageError, decode
from inkling.models.vision.viewing import as_viewed, as_viewed_reduced

WHITE, BLACK = (255, 255, 255), (0, 0, 0)
HALVES = Image.new("RGB", (40, 80), "blue")
HALVES.paste((255, 0, 0), (0, 0, 40, 40))
HALVES.paste((0, 255, 0), (0, 0, 20, 20))
"""As it should be seen: green and red above, blue below."""
STORED = {
    1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}  # fmt: skip
"""How the pixels lie in a file of each orientation."""


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """An image as a file."""
    stored = io.BytesIO()
    image.save(stored, kind, **options)
    return stored.getvalue()


def png(width: int, depth: int, colour: int, row: bytes, transparent: bytes = b"", palette: bytes = b"") -> bytes:
    """A PNG file of one row, given by its bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, 1, depth, colour, 0, 0, 0))
    colours = (chunk(b"PLTE", palette) if palette else b"") + (chunk(b"tRNS", transparent) if transparent else b"")
    data = chunk(b"IDAT", zlib.compress(b"\0" + row))
    return b"\x89PNG\r\n\x1a\n" + header + colours + data + chunk(b"IEND", b"")


def pixels(data: bytes) -> list[tuple[int, ...]]:
    """The pixels of a file, row by row."""
    seen = np.asarray(decode(data))
    assert np.array_equal(seen, decode(data, reduced=True))  # small ones stay what they are
    return [tuple(pixel) for pixel in seen.reshape(-1, 3).tolist()]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", STORED)
def test_a_picture_stands_as_its_exif_says(kind: str, orientation: int) -> None:
    stored = HALVES if (how := STORED[orientation]) is None else HALVES.transpose(how)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    seen = decode(encoded(stored, kind, exif=exif))
    assert seen.size == HALVES.size
    assert np.abs(np.asarray(seen, int) - np.asarray(HALVES, int)).mean() < 6


def test_a_turned_picture_with_a_second_one_behind_it_is_turned() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    stored = HALVES.transpose(Image.Transpose.ROTATE_90)
    data = encoded(stored, "MPO", exif=exif, save_all=True, append_images=[Image.new("RGB", (80, 40))])
    assert decode(data).size == (40, 80)


@given(st.binary(max_size=80))
def test_damaged_exif_is_passed_over(noise: bytes) -> None:
    assert decode(encoded(HALVES, exif=b"Exif\0\0" + noise)).mode == "RGB"
    assert decode(encoded(HALVES, exif=b"Exif\0\0II*\0\x08\0\0\0" + noise)).mode == "RGB"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (png(3, 16, 0, struct.pack(">3H", 0, 0x8000, 0xFFFF)), [BLACK, (128,) * 3, WHITE]),
        (png(3, 16, 0, struct.pack(">3H", 0, 300, 301), struct.pack(">H", 300)), [BLACK, WHITE, (1,) * 3]),
        (png(1, 16, 2, struct.pack(">3H", 0x1234, 0x8000, 0xFFFF)), [(18, 128, 255)]),
        (png(2, 16, 2, struct.pack(">6H", *[0] * 3, *[400] * 3), struct.pack(">3H", *[400] * 3)), [BLACK, WHITE]),
        (png(2, 16, 4, struct.pack(">4H", 0, 0, 0x8000, 0xFFFF)), [WHITE, (128,) * 3]),
        (png(1, 16, 6, struct.pack(">4H", 0xFFFF, 0, 0, 0x8000)), [(255, 127, 127)]),
        (png(4, 2, 0, bytes([0b00011011])), [BLACK, (85,) * 3, (170,) * 3, WHITE]),
        (png(4, 2, 0, bytes([0b00011011]), b"\0\1"), [BLACK, WHITE, (170,) * 3, WHITE]),
        (png(2, 4, 0, bytes([0x12]), b"\0\1"), [WHITE, (34,) * 3]),
        (png(2, 1, 0, bytes([0b01000000])), [BLACK, WHITE]),
        (png(2, 1, 0, bytes([0b01000000]), b"\0\0"), [WHITE, WHITE]),
        (png(2, 8, 0, bytes([10, 20]), b"\0\x0a"), [WHITE, (20,) * 3]),
        (png(2, 8, 3, bytes([0, 1]), b"", bytes([9, 9, 9, 200, 0, 0])), [(9, 9, 9), (200, 0, 0)]),
        (png(2, 8, 3, bytes([0, 1]), b"\0", bytes([9, 9, 9, 200, 0, 0])), [WHITE, (200, 0, 0)]),
        (png(2, 8, 3, bytes([0, 1]), b"\xff\x80", bytes([9, 9, 9, 200, 0, 0])), [(9, 9, 9), (227, 127, 127)]),
    ],
    ids=[
        "grey-16", "grey-16-key", "rgb-16", "rgb-16-key", "grey-alpha-16", "rgba-16", "grey-2", "grey-2-key",
        "grey-4-key", "bit", "bit-key", "grey-8-key", "palette", "palette-key", "palette-alpha",
    ],
)  # fmt: skip
def test_every_depth_and_transparency_of_png(data: bytes, expected: list[tuple[int, int, int]]) -> None:
    assert pixels(data) == expected


@given(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=20))
def test_sixteen_bits_keep_their_order_and_range(values: list[int]) -> None:
    seen = [pixel[0] for pixel in pixels(png(len(values), 16, 0, struct.pack(f">{len(values)}H", *values)))]
    assert seen == [value >> 8 for value in values]


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_transparency_lies_over_white(mode: str, kind: str) -> None:
    image = Image.new(mode, (4, 4))
    image.putpixel((0, 0), (0, 255) if mode == "LA" else (0, 0, 0, 255))
    assert pixels(encoded(image, kind, **({"lossless": True} if kind == "WEBP" else {})))[:2] == [BLACK, WHITE]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_a_moving_picture_the_first_frame_is_seen(kind: str) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("black", "white", "red")]
    assert set(pixels(encoded(frames[0], kind, save_all=True, append_images=frames[1:]))) == {BLACK}


def test_a_first_frame_that_leaves_its_screen_empty_lies_over_white() -> None:
    small = bytearray(encoded(Image.new("L", (2, 1)), "GIF"))
    small[6:10] = struct.pack("<HH", 3, 1)
    assert pixels(bytes(small)) == [BLACK, BLACK, WHITE]


def profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """An ICC profile for a printer."""
    table, body, place = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", place + len(body), len(content))
        body += content + b"\0" * (-len(content) % 4)
    head = (
        b"\0\0\0\0lcms" + struct.pack(">I", 0x02400000) + b"prtr" + space + b"Lab " + struct.pack(">6H", 2026, *[1] * 5)
    )
    head += b"acsp" + b"\0" * 28 + struct.pack(">3i", 63190, 65536, 54061)
    whole = head.ljust(128, b"\0") + table + body
    return struct.pack(">I", len(whole)) + whole[4:]


def test_inks_are_seen_by_their_profile_and_otherwise_plainly() -> None:
    dark = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    assert np.abs(np.subtract(pixels(encoded(dark, "JPEG"))[0], (0, 255, 255))).max() < 4
    grid = bytes([0, 128, 128] * 8 + [255, 128, 128] * 8)  # of Lab: black without the first ink, white with it
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + bytes(range(256)) * 4 + grid + bytes(range(256)) * 3
    stored = encoded(dark, "JPEG", icc_profile=profile(b"CMYK", {b"A2B0": lut}))
    assert np.min(pixels(stored)) > 250


def test_colours_of_another_space_are_taken_to_srgb() -> None:
    plain = Image.new("RGB", (2, 2), (200, 100, 50))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert pixels(encoded(plain, icc_profile=srgb)) == pixels(encoded(plain))
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, 0x0100)  # linear light
    grey = profile(b"GRAY", {b"kTRC": curve, b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)})
    grey = grey[:20] + b"XYZ " + grey[24:]
    assert 186 <= pixels(encoded(Image.new("L", (1, 1), 128), icc_profile=grey))[0][0] <= 190
    assert 186 <= pixels(encoded(Image.new("LA", (1, 1), (128, 255)), icc_profile=grey))[0][0] <= 190
    assert pixels(encoded(plain, icc_profile=grey)) == pixels(encoded(plain))


@given(st.binary(min_size=1, max_size=300))
def test_a_damaged_profile_is_passed_over(noise: bytes) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = Image.new("RGB", (2, 2), (200, 100, 50))
    assert pixels(encoded(plain, icc_profile=noise)) == pixels(encoded(plain))
    assert decode(encoded(plain, icc_profile=srgb[:128] + noise + srgb[128 + len(noise) :])).mode == "RGB"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_that_is_cut_short_is_refused(kind: str) -> None:
    whole = encoded(Image.effect_noise((64, 64), 60).convert("RGB"), kind)
    with pytest.raises(ImageError, match="damaged|not an image"):
        decode(whole[: len(whole) // 2])


def test_pictures_of_eight_bits_are_taken_as_they_lie_in_the_file() -> None:
    noise = Image.effect_noise((64, 64), 60).convert("RGB")
    data = encoded(noise, "JPEG")
    assert decode(data).tobytes() == Image.open(io.BytesIO(data)).convert("RGB").tobytes()


@pytest.mark.parametrize(
    ("kind", "mode"),
    [(kind, mode) for kind, modes in {
        "PNG": ("1", "L", "P", "RGB", "LA", "RGBA", "I;16"), "JPEG": ("L", "RGB", "CMYK"),
        "WEBP": ("RGB", "RGBA"), "GIF": ("1", "L", "P", "RGBA"),
    }.items() for mode in modes],
)  # fmt: skip
def test_a_large_picture_is_shown_by_rows_and_averaged_over_squares(
    kind: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    drawn = Image.fromarray(random.integers(0, 256, (53, 67, 4), dtype=np.uint8))
    stored = (
        Image.fromarray(random.integers(0, 65536, (53, 67), dtype=np.uint16)) if mode == "I;16" else drawn.convert(mode)
    )
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    data = encoded(stored, kind, **({} if kind == "GIF" else {"exif": exif}))
    monkeypatch.setattr(viewing, "_STRIP_PIXELS", 67 * 8)

    def opened() -> Image.Image:
        return Image.open(io.BytesIO(data))

    assert as_viewed_reduced(opened(), 67 * 53).tobytes() == as_viewed(opened()).tobytes()
    reduced = as_viewed_reduced(opened(), 67 * 53 // 4 + 1)
    assert reduced.size == ((34, 27) if kind == "GIF" else (27, 34))
    if kind != "JPEG":  # which is decoded at that size
        back, turn = (None, None) if kind == "GIF" else (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270)
        whole = as_viewed(opened())
        expected = (whole if back is None else whole.transpose(back)).reduce(2)
        assert reduced.tobytes() == (expected if turn is None else expected.transpose(turn)).tobytes()
