"""What the cockpit's pages show: pure functions from the tables of a published run; no web, no markup but pictures."""
