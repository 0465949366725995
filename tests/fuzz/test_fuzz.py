"""No bytes of a stranger end a command with a foreign exception."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from targets import SEEDS, TARGETS, run

PIECES = (
    *(b"\x00", b"\xff\xfe", b"null", b"{}", b"[]", b'"', b"\\ud800", b"1e999", b"-1", b"9" * 400),
    *(b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:59Z", b"../", b"\r\n", "٣".encode(), b"[" * 2000),
)


@st.composite
def mutations(draw: st.DrawFn, seed: bytes) -> bytes:
    """A good input with some bytes changed, cut out, doubled or replaced by odd ones."""
    data = bytearray(seed)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        kind = draw(st.sampled_from(("flip", "cut", "double", "piece", "any")))
        if kind == "flip" and start < len(data):
            data[start] ^= 1 << draw(st.integers(0, 7))
        elif kind == "cut":
            del data[start:end]
        elif kind == "double":
            data[start:start] = data[start:end]
        elif kind == "piece":
            data[start:end] = draw(st.sampled_from(PIECES))
        else:
            data[start:end] = draw(st.binary(max_size=40))
    return bytes(data)


@pytest.mark.parametrize("name", TARGETS)
def test_no_foreign_exception(name):
    """Whatever is made of a good input, or any bytes at all: an answer, or an error of trailscan."""
    inputs = st.one_of(st.binary(max_size=200), *(mutations(seed) for seed in SEEDS[name]))

    @settings(max_examples=150)
    @example(b"")
    @given(inputs)
    def check(data: bytes) -> None:
        run(name, data)

    check()


@pytest.mark.parametrize("name", TARGETS)
def test_the_good_inputs_are_good(name):
    """What mutations begin with is accepted, so that they reach what lies behind the first check."""
    for seed in SEEDS[name]:
        if name != "ledger":  # its data file is not there
            TARGETS[name](seed)
