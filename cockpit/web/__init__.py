"""The cockpit in a browser, and the same for programs: the only room that knows web libraries."""
