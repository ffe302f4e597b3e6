"""Say when a player plays each frame of a stream, also of one that was joined out of several."""

from __future__ import annotations

from dataclasses import dataclass, field

from av.audio.frame import AudioFrame

# Timestamps waver, and clocks of recorders run a little off: up to here the count of samples is right.
JITTER_SECONDS = 0.1

# A clock that jumps ahead by more is another one (FFmpeg's dts_delta_threshold): players of broadcasts go on at once.
LONGEST_HOLE_SECONDS = 10.0


@dataclass
class PlayingTime:
    """Counts the seconds that are played before each frame.

    A clock that starts anew, as at every join of a stitched stream, doesn't take back what was played: what comes is
    played in order. A clock that jumps ahead means silence of that length, or in a broadcast (`is_broadcast`), beyond
    ten seconds, another clock. Where there is none (`has_clock`), as in MP3, only samples count.
    """

    has_clock: bool
    is_broadcast: bool
    end: float = field(init=False, default=0.0)
    _ahead: float | None = field(init=False, default=None)  # of the clock before the time that is played
    _base: float = field(init=False, default=0.0)
    _samples: int = field(init=False, default=0)
    _rate_hz: int = field(init=False, default=1)

    def begin(self, frame: AudioFrame, seconds: float) -> None:
        """Have the first frame be played after so many seconds; without this call it is after none."""
        self._ahead = _read_clock(frame) - seconds
        self._base = self.end = seconds

    def place(self, frame: AudioFrame) -> float:
        """Return the seconds after which the frame is played."""
        start = self.end
        if self.has_clock and frame.pts is not None:
            start += self._read_silence(frame)
        if start != self.end or frame.sample_rate != self._rate_hz:
            self._base, self._samples, self._rate_hz = start, 0, frame.sample_rate
        self._samples += frame.samples
        self.end = self._base + self._samples / self._rate_hz
        return start

    def _read_silence(self, frame: AudioFrame) -> float:
        """Return how long nothing is played before the frame."""
        clock = _read_clock(frame)
        if self._ahead is None:
            self._ahead = clock - self.end
        jump = clock - self._ahead - self.end
        if jump < -JITTER_SECONDS or (self.is_broadcast and jump > LONGEST_HOLE_SECONDS):
            self._ahead += jump
        elif jump > JITTER_SECONDS:
            return jump
        return 0.0


def _read_clock(frame: AudioFrame) -> float:
    return float((frame.pts or 0) * (frame.time_base or 0))
