"""The one place that maps what went wrong outside to what Temporal has to know: may a retry help, and when."""
