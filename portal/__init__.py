import gc

# A start creates 250,000 long-lived objects. With the default threshold, garbage collection scans them so often that
# it takes a fifth of the start.
gc.set_threshold(5000)
