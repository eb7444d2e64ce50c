"""What becomes of a finished painting: so far the backdrop behind a camera. No capture and no painting lives here."""
