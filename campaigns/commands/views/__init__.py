"""The pages that order, send and follow."""
