"""The "Veduta" tab of the 3D viewport's sidebar, one file a panel with its sub-panels. Drawing alone: every button is an operator of `operators`."""
from __future__ import annotations

from . import animation, history, label_help, labels, look, paint, relief, textures, variations, world

# In the order in which the sidebar shows them.
CLASSES = (
    *paint.CLASSES,
    *look.CLASSES,
    *variations.CLASSES,
    *history.CLASSES,
    *relief.CLASSES,
    *labels.CLASSES,
    *label_help.CLASSES,
    *textures.CLASSES,
    *world.CLASSES,
    *animation.CLASSES,
)
