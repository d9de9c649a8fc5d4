"""Serving: the processes of one machine, who starts and ends them, and how a request comes in."""
