"""What boots cost, kept from image to image: baselines, the check against them, and the first bad image."""
