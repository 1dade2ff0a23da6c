"""Ranks: how a training program starts on several processes, here or on a cluster, and what its failure says."""
