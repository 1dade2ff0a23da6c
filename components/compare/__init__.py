"""Many runs in, one table of scores out: the fan-in of a study."""
