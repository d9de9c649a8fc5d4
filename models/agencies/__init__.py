"""An agency: its entry, its certificates, its published prices, and whether it may be engaged."""
