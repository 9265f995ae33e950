"""Everything that crosses a process, as frozen pydantic models, one idea a file."""
