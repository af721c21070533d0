"""What the host sees by itself: the guest's memory and its PE files, read without the guest's help."""
