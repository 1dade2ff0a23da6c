"""Statistics: intervals, tests, losses."""
