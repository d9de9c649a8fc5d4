"""The index: one interface, its backends, Chinese word segmentation. Imports only models/."""

from search.index import Hits, Index, Query, open_index

__all__ = ["Hits", "Index", "Query", "open_index"]
