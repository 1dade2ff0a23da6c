"""The commands behind `inkling`, a file each."""
