"""What follows from a study's table: where curves stop, which ranks are open, what goes together, what is shown."""
