"""The report of a study: one page that refers to nothing outside itself, and the same as tables and figures."""
