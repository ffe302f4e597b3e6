"""Errors that reach the user word for word: what was wrong, the value, and the remedy."""


class TalkingShortsError(Exception):
    """Base of every error that the pack raises on purpose."""

    def __init__(self, message: str) -> None:
        """Half a surrogate pair, quoted from an input, would end ComfyUI's worker when it logs the message."""
        super().__init__(message.encode("utf-8", "backslashreplace").decode())


class InputError(TalkingShortsError):
    """An input is well formed but impossible: an empty script, one too long for its target, a value out of range."""


class SourceError(TalkingShortsError):
    """A voice source can't be found, fetched, read or cut."""


class PictureError(TalkingShortsError):
    """A portrait picture can't be found, read or written."""


class VideoError(TalkingShortsError):
    """A video can't be written or read."""


class SoundError(TalkingShortsError):
    """A sound can't be written."""


class ModelError(TalkingShortsError):
    """A model's files are missing, damaged or of another kind."""
