"""On the path of a market under test: a collection every GC_THRESHOLD objects."""

import gc
import os

gc.set_threshold(int(os.environ["GC_THRESHOLD"]))
