"""Point models of mean demand, one a file, behind one Protocol."""
