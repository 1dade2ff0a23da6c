"""Images of requests, read into what the model sees; an image that several answers show at a time is decoded once."""

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from weakref import WeakValueDictionary

from inkling.components.serve.jobs import PromptImage
from inkling.components.serve.recent import RecentResults
from inkling.components.serve.request import BadRequest
from inkling.components.serve.request_log import look
from inkling.components.serve.single_flight import SingleFlight
from inkling.models.vision.preprocess import ImageError, Preprocessing, preprocess

_THREADS = 2


class ImageReader:
    """Decodes images beside the event loop; equal files are the same `PromptImage` as long as any answer needs it."""

    def __init__(self, preprocessing: Preprocessing, recent: RecentResults) -> None:
        """Takes how an image becomes pixels, and where embedded ones are kept."""
        self._preprocessing, self._recent = preprocessing, recent
        self._threads = ThreadPoolExecutor(_THREADS, "images")
        self._decoding: SingleFlight[bytes, PromptImage] = SingleFlight()
        self._shown: WeakValueDictionary[bytes, PromptImage] = WeakValueDictionary()

    async def read(self, file: bytes) -> PromptImage:
        """The image of a file.

        Raises:
            BadRequest: If it cannot be decoded, or is too large.
        """
        image = self._shown.get(file)
        if image is None:
            loop = asyncio.get_running_loop()
            image = await self._decoding.wait(file, lambda: loop.run_in_executor(self._threads, self._decode, file))
            self._shown[file] = image
        return image

    def _decode(self, file: bytes) -> PromptImage:
        key = hashlib.sha256(file).digest()
        embedded = self._recent.get("image", key)
        if embedded is not None:
            return PromptImage(key, embedded=embedded)
        try:
            pixels = preprocess(file, self._preprocessing)
        except ImageError as error:
            raise BadRequest(str(error)) from None
        image = PromptImage(key, pixels)
        image.look = look(pixels)
        return image
