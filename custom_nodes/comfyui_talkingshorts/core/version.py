"""The pack's version, which stands in every report."""

PACK_VERSION = "0.1.0"
