"""Pictures of others: read from one folder alone, looked at, and kept as JPEG or PNG bytes."""

import io
import stat
from dataclasses import dataclass
from pathlib import Path

from inkling.components.scenes.loaders.contract import RecordError
from inkling.components.shared.text import is_text, printable
from inkling.models.vision.data_uri import data_uri_bytes
from inkling.models.vision.preprocess import MAX_BYTES, ImageError, decode

_KEPT = (b"\xff\xd8", b"\x89PNG\r\n\x1a\n")
_QUOTED = 120  # characters of a name that a message quotes


def read_picture(folder: Path | None, name: str) -> bytes:
    """The bytes of a picture as a record names it, which nothing has looked at yet.

    Args:
        folder: The folder that pictures may come from.
        name: A path below it, or a data URI in base64.

    Raises:
        RecordError: If it is an address, leaves the folder, is no file, or is larger than any picture that is taken.
    """
    if name.startswith("data:"):
        try:
            return data_uri_bytes(name)
        except ImageError as error:
            raise RecordError(str(error)) from None
    told = printable(name[:_QUOTED])
    if "://" in name:
        raise RecordError(f"'{told}' is an address: pictures are read from the folder `images` or a data URI alone")
    if folder is None:
        raise RecordError(f"it names the picture '{told}', but no folder is stated: set `images`")
    path = _within(folder, name, told)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise RecordError(f"'{told}' is no file")
        if status.st_size > MAX_BYTES:
            raise RecordError(f"'{told}' has {status.st_size:,} bytes; at most {MAX_BYTES:,} are taken")
        return path.read_bytes()
    except FileNotFoundError:
        raise RecordError(f"there is no picture '{told}' in the folder", "missing") from None
    except OSError as error:
        raise RecordError(f"'{told}' cannot be read: {error.strerror}") from None


def _within(folder: Path, name: str, told: str) -> Path:
    """Where a picture lies, which is below the folder, symbolic links followed."""
    if not name or "\0" in name or not is_text(name):
        raise RecordError(f"'{told}' names no picture")
    root = folder.resolve()
    try:
        path = (root / name).resolve()
    except (OSError, RuntimeError) as error:
        raise RecordError(f"'{told}' cannot be followed: {error}") from None
    if Path(name).is_absolute() or not path.is_relative_to(root):
        raise RecordError(f"'{told}' leads out of the folder: pictures are read from below `images` alone")
    return path


@dataclass(frozen=True)
class Picture:
    """A picture that can be shown.

    Attributes:
        data: JPEG or PNG bytes.
        size: Width and height in pixels, as viewers show it.
    """

    data: bytes
    size: tuple[int, int]


def checked_picture(data: bytes) -> Picture:
    """A picture as it is stored: its own bytes if they are JPEG or PNG, else its first frame as PNG.

    Raises:
        RecordError: If it cannot be decoded within the limits that hold for all images, or is one pixel wide or high.
    """
    try:
        shown = decode(data)
    except ImageError as error:
        raise RecordError(str(error)) from None
    if min(shown.size) < 2:
        raise RecordError(f"the image has {shown.width} x {shown.height} pixels, which show nothing")
    if data.startswith(_KEPT):
        return Picture(data, shown.size)
    buffer = io.BytesIO()
    shown.save(buffer, "PNG")
    return Picture(buffer.getvalue(), shown.size)
