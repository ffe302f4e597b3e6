"""The work itself, with PyAV, yt-dlp, espeak-ng, OpenCV and torch. No node schema lives here."""
