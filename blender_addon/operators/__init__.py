"""Operators, one file for what belongs together: what Veduta's buttons do. Each can be called from a script and waited for."""
