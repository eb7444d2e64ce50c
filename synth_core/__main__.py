"""`python -m synth_core`: hands over to cli.py."""
from .cli import main

raise SystemExit(main())
