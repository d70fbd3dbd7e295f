"""The network program of one SKU: a convex min-cost flow on the time-expanded network, in integers."""
