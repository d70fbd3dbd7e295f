"""What to do: from a demand forecast and the network to audited replenishment orders."""
