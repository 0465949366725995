"""A small S3 on loopback, its objects in memory, that fails as it is told.

It speaks what a load needs: ListObjectsV2 with prefix, delimiter, start-after and pages, GET and
HEAD with `If-Match` and ranges, PUT with `If-None-Match: *`, DELETE. It checks no signatures.

    with StandIn() as s3:
        s3.put("trail", "AWSLogs/….json.gz", data)
        s3.fail("GET", slow_down(), times=3)

As a program it serves a folder, for benchmarks: `python stand_in.py FOLDER --latency 0.02`.
"""

from __future__ import annotations

import argparse
import asyncio
import bisect
import contextlib
import hashlib
import itertools
import re
import socket
import struct
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import parse_qs, quote, unquote
from xml.sax.saxutils import escape, unescape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_PAGE = 1000
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CONDITION = re.compile(rb"\r\nif-(none-)?match: *([^\r]+)", re.IGNORECASE)
_RANGE = re.compile(rb"\r\nrange: *bytes=(\d+)-(\d*)", re.IGNORECASE)
_WAITS = re.compile(rb"\r\nexpect: *100-continue", re.IGNORECASE)


class Object(NamedTuple):
    """Bytes and their ETag."""

    data: bytes
    etag: str

    @classmethod
    def of(cls, data: bytes) -> Object:
        """An object of some bytes."""
        return cls(data, hashlib.md5(data, usedforsecurity=False).hexdigest())


class Request(NamedTuple):
    """What was asked: LIST, GET, HEAD, PUT or DELETE; the key is the prefix of a LIST."""

    op: str
    bucket: str
    key: str
    query: dict[str, str]
    head: bytes
    body: bytes


@dataclass(slots=True)
class Answer:
    """An answer, and how it goes wrong.

    Attributes:
        cut: how many bytes of the body are sent.
        end: what happens to the connection then: `close`, `reset` or `hang`.
        announced: whether the length of the whole body is.
        held: the answer is sent when this is true, without delaying others; None for at once.
    """

    status: str
    body: bytes = b""
    headers: tuple[str, ...] = ()
    cut: int | None = None
    end: str | None = None
    announced: bool = True
    held: Callable[[], bool] | None = None

    def encoded(self, *, with_body: bool) -> bytes:
        """As it is sent."""
        length = f"content-length: {len(self.body)}\r\n" if self.announced else ""
        lines = "".join(f"{line}\r\n" for line in self.headers)
        head = f"HTTP/1.1 {self.status}\r\nx-amz-bucket-region: us-east-1\r\n{lines}{length}\r\n"
        body = self.body if self.cut is None else self.body[: self.cut]
        return head.encode() + (body if with_body else b"")


Fault = "Callable[[Request, Callable[[], Answer]], Answer | None]"
"""Makes an answer of a request; what it is given makes the right one. None: no answer, a reset."""


def error(status: int, code: str, message: str = "") -> Fault:
    """An error of S3."""
    return lambda *_: _error(status, code, message)


def slow_down() -> Fault:
    """S3 asks for fewer requests."""
    return error(503, "SlowDown", "Please reduce your request rate.")


def html() -> Fault:
    """What a captive portal or a proxy says, with status 200."""
    page = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Hello</body></html>"
    return lambda *_: Answer("200 OK", page, ("content-type: text/html",))


def cut(end: str, at: int = 100, *, announced: bool = True) -> Fault:
    """The body ends early, and the connection closes, resets or hangs."""

    def fault(request: Request, right: Callable[[], Answer]) -> Answer:
        del request
        answer = right()
        answer.cut, answer.end, answer.announced = at, end, announced
        return answer

    return fault


def flip(at: int = 50) -> Fault:
    """One bit of the body is another."""

    def fault(request: Request, right: Callable[[], Answer]) -> Answer:
        del request
        answer = right()
        changed = bytearray(answer.body)
        changed[at] ^= 1
        answer.body = bytes(changed)
        return answer

    return fault


def lost_answer() -> Fault:
    """The request is carried out, and its answer does not come."""

    def fault(request: Request, right: Callable[[], Answer]) -> None:
        del request
        right()

    return fault


def first(action: Callable[[], object]) -> Fault:
    """Something happens before the right answer is made."""

    def fault(request: Request, right: Callable[[], Answer]) -> Answer:
        del request
        action()
        return right()

    return fault


@dataclass(slots=True)
class _Rule:
    """When a fault happens."""

    op: str
    fault: Fault
    matches: re.Pattern[str]
    skip: int
    times: int | None

    def applies(self, request: Request) -> bool:
        """Whether it happens to this request; counts it."""
        if request.op != self.op or not self.matches.search(request.key) or self.times == 0:
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass(slots=True)
class _Bucket:
    """Objects, and their keys in order."""

    objects: dict[str, Object] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)

    def put(self, key: str, made: Object) -> None:
        if key not in self.objects:
            bisect.insort(self.keys, key)
        self.objects[key] = made

    def delete(self, key: str) -> None:
        if self.objects.pop(key, None) is not None:
            del self.keys[bisect.bisect_left(self.keys, key)]


class StandIn:
    """The server; as a context manager it runs in a thread of its own.

    Args:
        latency: seconds before each answer.
    """

    def __init__(self, latency: float = 0.0) -> None:
        self.latency = latency
        self.requests: list[tuple[str, str]] = []
        self.connections = Counter[str]()
        self._buckets: dict[str, _Bucket] = {}
        self._rules: list[_Rule] = []
        self._lock = threading.RLock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.endpoint = ""

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.listen(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def listen(self, port: int = 0) -> asyncio.Server:
        """Begin to answer."""
        loop = asyncio.get_running_loop()
        self._open: set[_Connection] = set()
        self._server = await loop.create_server(
            lambda: _Connection(self), "127.0.0.1", port, backlog=1024
        )
        self.endpoint = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self._server

    async def _close(self) -> None:
        self._server.close()
        for connection in list(self._open):
            connection.abort()
        await self._server.wait_closed()

    def put(self, bucket: str, key: str, data: bytes | Object) -> None:
        """Make an object, or another of the same key."""
        with self._lock:
            made = data if isinstance(data, Object) else Object.of(data)
            self._buckets.setdefault(bucket, _Bucket()).put(key, made)

    def put_all(self, bucket: str, objects: Iterable[tuple[str, Object]]) -> None:
        """Make many objects at once."""
        with self._lock:
            made = self._buckets.setdefault(bucket, _Bucket())
            made.objects.update(objects)
            made.keys = sorted(made.objects)

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object."""
        with self._lock:
            self._buckets[bucket].delete(key)

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """The keys of a bucket in order."""
        with self._lock:
            found = self._buckets.get(bucket, _Bucket())
            return [key for key in found.keys if key.startswith(prefix)]

    def read(self, bucket: str, key: str) -> bytes:
        """The bytes of an object."""
        with self._lock:
            return self._buckets[bucket].objects[key].data

    def fail(
        self, op: str, fault: Fault, match: str = "", *, skip: int = 0, times: int | None = None
    ) -> None:
        """Let requests fail.

        Args:
            op: LIST, GET, HEAD, PUT or DELETE.
            fault: how.
            match: a regular expression that the key, or a LIST's prefix, holds.
            skip: so many of those requests are answered rightly first.
            times: how many then fail; None for all.
        """
        with self._lock:
            self._rules.append(_Rule(op, fault, re.compile(match), skip, times))

    def heal(self) -> None:
        """Fail no more, and forget what was asked."""
        with self._lock:
            self._rules.clear()
            self.requests.clear()

    def counted(self, op: str) -> int:
        """How many requests of a kind there were since the last `heal`."""
        with self._lock:
            return sum(asked == op for asked, _ in self.requests)

    def answer(self, request: Request) -> Answer | None:
        """What is said to a request."""
        with self._lock:
            if self._thread.is_alive():
                self.requests.append((request.op, request.key))
            for rule in self._rules:
                if rule.applies(request):
                    return rule.fault(request, lambda: self._right(request))
            return self._right(request)

    def _right(self, request: Request) -> Answer:
        """The right answer."""
        found = self._buckets.get(request.bucket)
        if found is None:
            return _error(404, "NoSuchBucket")
        match request.op:
            case "LIST":
                return _list(found, request)
            case "GET" | "HEAD":
                is_bucket = request.op == "HEAD" and not request.key
                return Answer("200 OK") if is_bucket else _get(found, request)
            case "PUT":
                return _put(found, request)
            case "POST":
                return _delete_all(found, request)
            case _:
                found.delete(request.key)
                return Answer("204 No Content")


class _Connection(asyncio.Protocol):
    """One connection: a request after another."""

    def __init__(self, server: StandIn) -> None:
        self._server = server
        self._data = b""
        self._continued = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._server._open.add(self)  # parts of one module

    def connection_lost(self, exc: Exception | None) -> None:
        self._server._open.discard(self)  # the same

    def abort(self) -> None:
        """Reset."""
        with contextlib.suppress(OSError):
            found = self._transport.get_extra_info("socket")
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._data = self._data + data if self._data else data
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._data[:end]
        length = _LENGTH.search(head)
        whole = end + 4 + (int(length[1]) if length else 0)
        if len(self._data) < whole:
            if not self._continued and _WAITS.search(head):
                self._continued = True
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return
        body, self._data, self._continued = self._data[end + 4 : whole], self._data[whole:], False
        answer = self._server.answer(_parse(head, body))
        if self._server.latency:
            loop = asyncio.get_running_loop()
            loop.call_later(self._server.latency, self._send, answer, head)
        else:
            self._send(answer, head)

    def _send(self, answer: Answer | None, head: bytes) -> None:
        if answer is None:
            self.abort()
            return
        if answer.held is not None and not answer.held():
            asyncio.get_running_loop().call_later(0.01, self._send, answer, head)
            return
        self._transport.write(answer.encoded(with_body=not head.startswith(b"HEAD")))
        if answer.end == "close":
            self._transport.close()
        elif answer.end == "reset":
            asyncio.get_running_loop().call_later(0.05, self.abort)


def _parse(head: bytes, body: bytes) -> Request:
    """A request from its head."""
    method, target, _ = head[: head.index(b"\r\n")].decode("ascii").split(" ")
    path, _, asked = target.partition("?")
    bucket, _, key = unquote(path).removeprefix("/").partition("/")
    query = {k: v[0] for k, v in parse_qs(asked, keep_blank_values=True).items()} if asked else {}
    if method == "GET" and "list-type" in query:
        return Request("LIST", bucket, query.get("prefix", ""), query, head, body)
    return Request(method, bucket, key, query, head, body)


def _error(status: int, code: str, message: str = "") -> Answer:
    text = f"<Error><Code>{code}</Code><Message>{escape(message or code)}</Message></Error>"
    return Answer(f"{status} {code}", text.encode(), ("content-type: application/xml",))


def _list(bucket: _Bucket, request: Request) -> Answer:
    """A page of a listing."""
    query = request.query
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    after = query.get("continuation-token") or query.get("start-after", "")
    size = int(query.get("max-keys", _PAGE))
    encode: Callable[[str], str] = quote if query.get("encoding-type") == "url" else escape
    entries = list(itertools.islice(_entries(bucket, prefix, delimiter, after), size + 1))
    page, more = entries[:size], len(entries) > size
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>{request.bucket}</Name><Prefix>{encode(prefix)}</Prefix>"
        f"<KeyCount>{len(page)}</KeyCount><MaxKeys>{size}</MaxKeys>"
        f"<IsTruncated>{str(more).lower()}</IsTruncated>"
    )
    parts = [head]
    if encode is quote:
        parts.append("<EncodingType>url</EncodingType>")
    if more:
        parts.append(f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>")
    for entry in page:
        found = bucket.objects.get(entry)
        if found is None or (delimiter and entry.endswith(delimiter) and entry != prefix):
            parts.append(f"<CommonPrefixes><Prefix>{encode(entry)}</Prefix></CommonPrefixes>")
        else:
            parts.append(
                f"<Contents><Key>{encode(entry)}</Key>"
                "<LastModified>2026-11-22T12:00:00.000Z</LastModified>"
                f"<ETag>&quot;{found.etag}&quot;</ETag><Size>{len(found.data)}</Size>"
                "<StorageClass>STANDARD</StorageClass></Contents>"
            )
    parts.append("</ListBucketResult>")
    return Answer("200 OK", "".join(parts).encode(), ("content-type: application/xml",))


def _entries(bucket: _Bucket, prefix: str, delimiter: str, after: str) -> Iterator[str]:
    """Keys and common prefixes behind a key, in order."""
    keys = bucket.keys
    at = bisect.bisect_left(keys, prefix)
    if after:
        skip = f"{after}\U0010ffff" if delimiter and after.endswith(delimiter) else after
        at = max(at, bisect.bisect_right(keys, skip))
    while at < len(keys) and keys[at].startswith(prefix):
        cut_at = keys[at].find(delimiter, len(prefix)) if delimiter else -1
        if cut_at < 0:
            yield keys[at]
            at += 1
        else:
            folder = keys[at][: cut_at + len(delimiter)]
            yield folder
            at = bisect.bisect_right(keys, f"{folder}\U0010ffff")


def _get(bucket: _Bucket, request: Request) -> Answer:
    """An object, or a range of it."""
    found = bucket.objects.get(request.key)
    if found is None:
        return _error(404, "NoSuchKey")
    condition = _CONDITION.search(request.head)
    if condition and condition[2].decode().strip('"') != found.etag:
        return _error(412, "PreconditionFailed")
    headers = (f'etag: "{found.etag}"', "last-modified: Sun, 22 Nov 2026 12:00:00 GMT")
    asked = _RANGE.search(request.head)
    if not asked:
        return Answer("200 OK", found.data, headers)
    start, size = int(asked[1]), len(found.data)
    end = min(int(asked[2] or size - 1), size - 1)
    headers += (f"content-range: bytes {start}-{end}/{size}",)
    return Answer("206 Partial Content", found.data[start : end + 1], headers)


def _put(bucket: _Bucket, request: Request) -> Answer:
    """A new object."""
    condition = _CONDITION.search(request.head)
    if condition and condition[1] and request.key in bucket.objects:
        return _error(412, "PreconditionFailed")
    made = Object.of(request.body)
    bucket.put(request.key, made)
    return Answer("200 OK", b"", (f'etag: "{made.etag}"',))


def _delete_all(bucket: _Bucket, request: Request) -> Answer:
    """Several objects removed, as obstore asks for one too."""
    keys = [unescape(key) for key in re.findall(r"<Key>(.*?)</Key>", request.body.decode())]
    for key in keys:
        bucket.delete(key)
    done = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
    return Answer("200 OK", f"<DeleteResult>{done}</DeleteResult>".encode())


def _copies(folder: Path, copies: int) -> Iterator[tuple[str, Object]]:
    """The files of a folder as objects, and again under other accounts."""
    for path in sorted(folder.rglob("*.json.gz")):
        made, key = Object.of(path.read_bytes()), path.relative_to(folder).as_posix()
        for copy in range(copies):
            yield key.replace("/1111", f"/{1111 + copy}").replace("_1111", f"_{1111 + copy}"), made


async def _serve(given: argparse.Namespace) -> None:
    server = StandIn(given.latency)
    server.put_all("trail", _copies(given.folder, given.copies))
    server.put_all("store", ())
    listening = await server.listen(given.port)
    print(server.endpoint, flush=True)  # noqa: T201  # how whoever started it learns the port
    await listening.serve_forever()


def main() -> None:
    """Serve the log files of a folder as the bucket `trail`, and an empty bucket `store`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--copies", type=int, default=1, help="how often each file is served")
    parser.add_argument("--port", type=int, default=0)
    try:
        import uvloop

        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    except ImportError:
        runner = asyncio.Runner()
    with runner, contextlib.suppress(KeyboardInterrupt):
        runner.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
