"""What the doors share: the frame of a command, its flags, many files, reports."""
