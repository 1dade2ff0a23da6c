"""The report: one HTML page that says what was found, how sure it is, and what it does not show."""
