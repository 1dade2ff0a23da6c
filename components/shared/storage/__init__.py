"""Where bytes come from and go: data packages, archives, object storage."""
