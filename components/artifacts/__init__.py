"""What flows between stages: one file per artifact type, its layout, reader, writer and checks."""
