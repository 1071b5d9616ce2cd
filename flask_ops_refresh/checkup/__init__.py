"""``flask ops-refresh check``: looks an app over and says how to mend what is wrong.

It reads, and writes nothing.
"""
