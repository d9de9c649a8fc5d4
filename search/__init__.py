"""The index: one interface, its backends, Chinese word segmentation. Imports only models/."""

from search.index import Search, open_index
from search.query import Hits, Query

__all__ = ["Hits", "Query", "Search", "open_index"]
