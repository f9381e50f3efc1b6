"""Connections that owners lend to viewers and schedules of one content item, until a date (seed 000)."""
