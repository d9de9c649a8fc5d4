"""From a need to an award: what buyers, agencies and evaluators do, and what the clock does for them."""
