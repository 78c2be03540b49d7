"""Reads for the pages of bundles and Commands: what is ready, what happened, what was asked, and the lists."""
