"""Where the checkout that is tested lies."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNNER = ROOT / "runner"
FACE_PHOTO = ROOT / "tests" / "data" / "astronaut_face.jpg"
PHONE_HEIC = ROOT / "tests" / "data" / "phone.heic"
TILED_HEIC = ROOT / "tests" / "data" / "tiled.heic"
