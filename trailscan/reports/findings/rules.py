"""The rules of findings, as data.

Published detections that each follows stand in its references; a rule without one is our own
judgement. Techniques are those that published rules map its events to (see
`trailscan.organizations.severity`), and what the rule itself adds.
"""

from __future__ import annotations

from trailscan.reports.findings.of_changes import ACCOUNTS, DELEGATIONS, GUARDRAILS
from trailscan.reports.findings.of_patterns import PATTERNS, PRINCIPALS

RULES = (*ACCOUNTS, *GUARDRAILS, *DELEGATIONS, *PRINCIPALS, *PATTERNS)
"""Every rule, in the order in which they are listed."""
