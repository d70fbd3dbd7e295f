"""What is: the contracts of the input tables, their checks, the frozen snapshot and the supply network."""
