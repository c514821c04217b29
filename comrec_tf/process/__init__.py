"""What belongs to a whole process: the files it writes, its standard error, its forks."""
