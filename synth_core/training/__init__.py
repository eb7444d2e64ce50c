"""Everything that teaches the networks; needs torch and the `train` extra. Nothing here is shipped in the extension."""
