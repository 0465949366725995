"""A small S3 server for benchmarks, with CloudTrail's ListPublicKeys: read-only, in memory, fast.

It answers the requests of validators and loaders: GetObject with metadata, ListObjects,
ListObjectsV2 and GetBucketLocation. It can delay each response by some milliseconds, as a network
would, without delaying others. It does not check the signatures of requests. Only for 127.0.0.1.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from bisect import bisect_right
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Objects = dict[str, tuple[bytes, dict[str, str]]]

_DATE = "2026-11-24T00:00:00.000Z"
_PAGE = 1000


class StandIn:
    """One bucket served by a process of its own; use it as a context.

    Args:
        bucket: its name.
        objects: bytes and metadata by key.
        public_keys: what `list-public-keys` prints.
        delay: seconds that each answer is held back.
    """

    def __init__(
        self, bucket: str, objects: Objects, public_keys: dict[str, Any], delay: float = 0.0
    ) -> None:
        context = get_context("fork")
        here, there = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(bucket, objects, public_keys, delay, there), daemon=True
        )
        self._pipe = here

    def __enter__(self) -> str:
        self._process.start()
        return f"http://127.0.0.1:{self._pipe.recv()}"

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()


def _serve(
    bucket: str, objects: Objects, public_keys: dict[str, Any], delay: float, pipe: Connection
) -> None:
    """Serve until killed; tells the port."""

    async def run() -> None:
        answers = _Answers(bucket, objects, public_keys)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Talk(answers, delay), "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    with contextlib.suppress(ImportError):
        import uvloop

        uvloop.install()  # less than a third of the processor time of Python's own loop
    asyncio.run(run())


class _Answers:
    """What to answer; objects are made into whole answers once."""

    def __init__(self, bucket: str, objects: Objects, public_keys: dict[str, Any]) -> None:
        self._bucket = bucket
        self._keys = sorted(objects)
        self._sizes = {key: len(data) for key, (data, _) in objects.items()}
        self._tags = {
            key: hashlib.sha256(data).hexdigest()[:32] for key, (data, _) in objects.items()
        }
        self._objects = {key: self._whole(key, *found) for key, found in objects.items()}
        self._public_keys = json.dumps(public_keys).encode()

    def _whole(self, key: str, data: bytes, metadata: dict[str, str]) -> bytes:
        own = [f"x-amz-meta-{name}: {text}" for name, text in metadata.items()]
        return _answer(
            "200 OK",
            data,
            f'ETag: "{self._tags[key]}"',
            "Last-Modified: Tue, 24 Nov 2026 00:00:00 GMT",
            "Content-Type: application/json",
            "Accept-Ranges: bytes",
            *own,
        )

    def to(self, method: str, target: str) -> bytes:
        """The answer to a request."""
        if method == "POST":
            return _answer("200 OK", self._public_keys, "Content-Type: application/x-amz-json-1.1")
        url = urlsplit(target)
        bucket, _, key = unquote(url.path).lstrip("/").partition("/")
        if bucket != self._bucket:
            return _answer("404 Not Found", _error("NoSuchBucket"))
        if key:
            return self._objects.get(key) or _answer("404 Not Found", _error("NoSuchKey"))
        asked = {name: values[0] for name, values in parse_qs(url.query, True).items()}  # noqa: FBT003
        if "location" in asked:
            body = "<LocationConstraint>us-east-1</LocationConstraint>"
            return _answer("200 OK", body.encode(), "Content-Type: application/xml")
        body = self._listing(asked)
        region = "x-amz-bucket-region: us-east-1"
        return _answer("200 OK", body.encode(), "Content-Type: application/xml", region)

    def _listing(self, asked: dict[str, str]) -> str:
        """ListObjects or ListObjectsV2 as XML."""
        prefix, delimiter = asked.get("prefix", ""), asked.get("delimiter", "")
        most = int(asked.get("max-keys", _PAGE))
        after = (
            asked.get("continuation-token") or asked.get("start-after") or asked.get("marker", "")
        )
        form = quote if asked.get("encoding-type") == "url" else escape
        found: list[str] = []
        folders: dict[str, None] = {}
        truncated = False
        for key in self._keys[bisect_right(self._keys, max(after, prefix[:-1])) :]:
            if not key.startswith(prefix):
                if key > prefix:
                    break
                continue
            if len(found) + len(folders) >= most:
                truncated = True
                break
            rest = key[len(prefix) :]
            if delimiter and delimiter in rest:
                folders[prefix + rest.partition(delimiter)[0] + delimiter] = None
            else:
                found.append(key)
        contents = "".join(
            f"<Contents><Key>{form(key)}</Key><Size>{self._sizes[key]}</Size>"
            f"<ETag>&quot;{self._tags[key]}&quot;</ETag><LastModified>{_DATE}</LastModified>"
            "<StorageClass>STANDARD</StorageClass></Contents>"
            for key in found
        )
        common = "".join(
            f"<CommonPrefixes><Prefix>{form(folder)}</Prefix></CommonPrefixes>"
            for folder in folders
        )
        last = form(found[-1]) if truncated and found else ""
        following = f"<NextContinuationToken>{last}</NextContinuationToken>" if last else ""
        following += f"<NextMarker>{last}</NextMarker>" if last else ""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{self._bucket}</Name><Prefix>{form(prefix)}</Prefix><MaxKeys>{most}</MaxKeys>"
            f"<KeyCount>{len(found) + len(folders)}</KeyCount>"
            f"<IsTruncated>{str(truncated).lower()}</IsTruncated>"
            f"{'<EncodingType>url</EncodingType>' if form is quote else ''}"
            f"{following}{contents}{common}</ListBucketResult>"
        )


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()


def _answer(status: str, body: bytes, *headers: str) -> bytes:
    """A whole HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class _Talk(asyncio.Protocol):
    """One connection: requests one after another."""

    def __init__(self, answers: _Answers, delay: float) -> None:
        self._answers = answers
        self._delay = delay
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember whom to answer."""
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self._heard += data
        while b"\r\n\r\n" in self._heard:
            head, _, rest = self._heard.partition(b"\r\n\r\n")
            length = next(
                (
                    int(line.partition(b":")[2])
                    for line in head.split(b"\r\n")
                    if line[:15].lower() == b"content-length:"
                ),
                0,
            )
            if len(rest) < length:
                return
            self._heard = rest[length:]
            method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
            answer = self._answers.to(method, target)
            if self._delay:
                asyncio.get_running_loop().call_later(self._delay, self._send, answer)
            else:
                self._send(answer)

    def _send(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)
