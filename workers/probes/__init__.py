"""What `check` looks at: one file a service, one probe a question."""
