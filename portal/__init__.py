import gc

# A start makes a quarter of a million objects that stay. By default Python looks through them so often that it takes a
# fifth of the start.
gc.set_threshold(5000)
