"""Trucks of all lanes planned over days: integers decided lane by lane, docks shared by price, with a bound."""
