"""What a capture raises. Nothing else lives here."""
from __future__ import annotations


class CaptureError(ValueError):
    """A view that can't be captured; the message is one sentence for the user: what is wrong and what to do."""


class UnlabelledError(CaptureError):
    """Surfaces are there, but not one has a label."""
