"""Textbook formulas with symbol, source and worked example: lot sizes, newsvendor, reorder points, networks."""
