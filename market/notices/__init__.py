"""How what happened reaches people: notices from events, letters and digests of them, and what these say."""
