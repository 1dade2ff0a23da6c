"""The work: a folder a stage, and the ground that every stage stands on."""
