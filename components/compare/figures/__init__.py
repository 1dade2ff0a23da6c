"""The figures of a study, one renderer a kind; each draws our numbers beside the paper's, on scales of their own."""
