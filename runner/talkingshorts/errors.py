"""Errors that end the program with one clear line and an exit code that scripts can rely on."""


class RunnerError(Exception):
    """Base of every error raised on purpose. The message says what was wrong, the value, and the remedy."""

    exit_code = 1

    details = ""
    """What only `-v` shows: a node's traceback on the server."""

    node_id = class_type = ""
    """The node of the graph that failed, if it was one."""


class UsageError(RunnerError):
    """The command line is malformed, or names a local file that can't be read or written."""

    exit_code = 2


class ValidationError(RunnerError):
    """Well formed but impossible: an unknown node or input, a wrong type or range, an empty script."""

    exit_code = 3


class NodeFailedError(RunnerError):
    """A node of the graph failed on the server."""

    exit_code = 4


class OutOfMemoryError(NodeFailedError):
    """A node of the graph failed because the server's memory, or its GPU's, didn't hold what it needed."""


class UnreachableError(RunnerError):
    """The server can't be reached, can't be started, or answers with something that isn't ComfyUI."""

    exit_code = 5


class JobTimeoutError(RunnerError):
    """The job took longer than the user allows; it has been cancelled."""

    exit_code = 6


class LostJobError(RunnerError):
    """The server doesn't know the job, or no longer does."""

    exit_code = 7


class PartialBatchError(RunnerError):
    """Rows of a batch failed; the message lists them with the reasons."""

    exit_code = 8


class CancelledError(RunnerError):
    """The job was cancelled, here or by another client."""

    exit_code = 130
