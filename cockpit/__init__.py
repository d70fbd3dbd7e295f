"""Faces of tierflow: the command line and the report. No planning rule lives here."""
