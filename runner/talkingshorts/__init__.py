"""The headless runner: binds inputs to a ComfyUI workflow, runs it, follows it, and fetches the result."""

__version__ = "0.1.0"
