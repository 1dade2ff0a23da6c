"""The label stage: which of the paper's six labels each segment of a corpus carries."""
