"""Fuzz everything that reads bytes which a stranger may have written, with atheris.

    pip install atheris                # wheels for Linux and Python 3.11 to 3.13
    python benchmarks/fuzz.py digest --seconds 600

Targets and good inputs are those of `tests/fuzz/targets.py`. A foreign exception ends the run, and
libFuzzer writes the input that caused it into the current folder; add it to the seeds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).parent.parent / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "fuzz")]


def main() -> None:
    """Fuzz one target for some seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target")
    parser.add_argument("--seconds", type=int, default=60)
    given = parser.parse_args()
    try:
        import atheris
    except ImportError:
        parser.error("atheris is not installed: pip install atheris")
    with atheris.instrument_imports(include=["trailscan"]):
        from targets import SEEDS, TARGETS, run
    if given.target not in TARGETS:
        parser.error(f"expected one of {', '.join(TARGETS)}")
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(SEEDS[given.target]):
            Path(corpus, str(number)).write_bytes(seed)
        options = [f"-max_total_time={given.seconds}", "-rss_limit_mb=2048", "-max_len=4096"]
        atheris.Setup([sys.argv[0], *options, corpus], lambda data: run(given.target, data))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
