"""What a run or a study costs before it starts: device hours, bytes, prices."""
