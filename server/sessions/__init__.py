"""Sessions: which cookie, key or handle speaks for whom, kept in memory and true by invalidation."""
