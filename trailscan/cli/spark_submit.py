"""The program for `spark-submit`, with the arguments of `trailscan`.

spark-submit trailscan/cli/spark_submit.py load s3://bucket --engine spark --store s3://store
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # spark-submit puts the folder of this file first, whose modules are not to be found by names
    # of their own.
    here = str(Path(__file__).parent)
    sys.path[:] = [folder for folder in sys.path if folder != here]
    from trailscan.cli.app import main

    main()
