"""The domain. Imports no Flask and nothing of market/ or search/.

Importing this package loads every module in it, so that `Base.metadata` and `CASES` are whole: a new table or
case type is a module in its room, and a line nowhere.
"""

from importlib import import_module
from pkgutil import walk_packages

from models.base import Base
from models.cases import CASES

__all__ = ["CASES", "Base"]

for _found in walk_packages(__path__, "models."):
    if not _found.name.startswith("models.migrations"):
        import_module(_found.name)
