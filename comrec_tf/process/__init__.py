"""What belongs to a whole process: files it finds and writes, its standard error, its forks."""
