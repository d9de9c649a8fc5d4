"""What happens after commits and when time passes.

Deadlines, event consumers, long work, each in a lane of its own.

Everything here may be killed at any point and run again: consumers resume from their cursors, long work where
it was, and a deadline act that was carried out is no longer in the table. What fails is kept
(`models/failures.py`) and stops nothing else.
"""

from market.jobs.consumers import CONSUMERS, drain
from market.jobs.deadlines import TIMED, run_deadlines
from market.jobs.lanes import Jobs, tick
from market.jobs.watching import LANES, job_status

__all__ = ["CONSUMERS", "LANES", "TIMED", "Jobs", "drain", "job_status", "run_deadlines", "tick"]
