"""The index: one interface, its backends, Chinese word segmentation. Imports only models/."""

from search.index import Hits, Query, Search, open_index

__all__ = ["Hits", "Query", "Search", "open_index"]
