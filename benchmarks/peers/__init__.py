"""What somebody would take instead: each a module with one class, trained from scratch on the same data."""
