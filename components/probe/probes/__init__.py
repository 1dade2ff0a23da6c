"""The probes, a file each."""
