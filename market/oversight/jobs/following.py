"""The consumers of oversight: the room stands above the jobs, and puts its own among them."""

from __future__ import annotations

from market.jobs.consumers import CONSUMERS, Consumer
from market.oversight.actions.reports import ask_the_merged
from market.oversight.jobs.papers import issue_report_papers

CONSUMERS["merged reports"] = Consumer(ask_the_merged)
CONSUMERS["report papers"] = Consumer(issue_report_papers, inside=False, lane="outside")
