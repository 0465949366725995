"""Ed25519 signatures (RFC 8032, section 5.1) checked with integers only; it signs nothing."""

from __future__ import annotations

import hashlib
from functools import lru_cache

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT_OF_MINUS_1 = pow(2, (_P - 1) // 4, _P)
_BYTES = 32
_DIGIT = 15  # the highest digit of four bits

_Point = tuple[int, int, int, int]


def _add(one: _Point, two: _Point) -> _Point:
    """The sum of two points in extended coordinates (RFC 8032, 5.1.4)."""
    a = (one[1] - one[0]) * (two[1] - two[0]) % _P
    b = (one[1] + one[0]) * (two[1] + two[0]) % _P
    c = 2 * one[3] * two[3] * _D % _P
    d = 2 * one[2] * two[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


@lru_cache(maxsize=8)
def _multiples(point: _Point) -> list[list[_Point]]:
    """For each of 64 places the point times 0 to 15 times 16 to the power of the place."""
    found = []
    for _ in range(2 * _BYTES):
        row: list[_Point] = [(0, 1, 1, 0)]
        for _ in range(_DIGIT):
            row.append(_add(row[-1], point))
        found.append(row)
        point = _add(row[-1], point)
    return found


def _multiply(factor: int, point: _Point) -> _Point:
    """A multiple of a point; the values are public, so time may depend on them."""
    found: _Point = (0, 1, 1, 0)
    for row in _multiples(point):
        if factor & _DIGIT:
            found = _add(found, row[factor & _DIGIT])
        factor >>= 4
    return found


def _is_same(one: _Point, two: _Point) -> bool:
    """Whether two points in extended coordinates are one."""
    x = one[0] * two[2] - two[0] * one[2]
    y = one[1] * two[2] - two[1] * one[2]
    return x % _P == 0 and y % _P == 0


def _decode(data: bytes) -> _Point | None:
    """The point that 32 bytes encode (RFC 8032, 5.1.3); None if they encode none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT_OF_MINUS_1 % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return (x, y, 1, x * y % _P)


_BASE = _decode((4 * pow(5, _P - 2, _P) % _P).to_bytes(_BYTES, "little")) or (0, 1, 1, 0)


@lru_cache(maxsize=8)
def _key_point(key: bytes) -> _Point | None:
    """The point of a public key; None if it is none, or of small order, which signs everything."""
    point = _decode(key)
    if point is None or _is_same(_multiply(8, point), (0, 1, 1, 0)):
        return None
    return point


def is_signed_by(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature of a message is by a public key of 32 bytes."""
    if len(key) != _BYTES or len(signature) != 2 * _BYTES:
        return False
    point, commitment = _key_point(key), _decode(signature[:_BYTES])
    factor = int.from_bytes(signature[_BYTES:], "little")
    if point is None or commitment is None or factor >= _ORDER:
        return False
    digest = hashlib.sha512(signature[:_BYTES] + key + message).digest()
    challenge = int.from_bytes(digest, "little") % _ORDER
    expected = _add(commitment, _multiply(challenge, point))
    return _is_same(_multiply(factor, _BASE), expected)
