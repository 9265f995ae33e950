"""The body of a response, read no further than a limit, whatever it claims and however it is compressed."""

import zlib
from typing import Final

import aiohttp

_CHUNK_BYTES: Final = 64 * 2**10
_GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS


async def read_body(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body, decompressed.

    Raises:
        ValueError: it has more bytes than the limit, before or after decompression.
        OSError: it cannot be decompressed.
    """
    raw = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        raw += chunk
        if len(raw) > limit:
            raise _too_large(limit)
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if not raw or coding == "identity":
        return bytes(raw)
    if coding not in {"gzip", "x-gzip", "deflate"}:
        raise OSError(f"the body is encoded as {coding[:40]!r}, which was not asked for")
    return _decompressed(raw, limit)


def _decompressed(raw: bytes | bytearray, limit: int) -> bytes:
    decompressor = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        body = decompressor.decompress(raw, limit + 1)
    except zlib.error as error:
        raise OSError(f"the body cannot be decompressed: {error}") from error
    if len(body) > limit:
        raise _too_large(limit)
    if not decompressor.eof or decompressor.unused_data:
        raise OSError("the body cannot be decompressed: it is cut off, or something follows it")
    return body


def _too_large(limit: int) -> ValueError:
    return ValueError(f"the body has more than {limit} bytes; ask for less, by a page or a filter")
