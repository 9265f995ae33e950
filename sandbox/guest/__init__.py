"""What runs inside the guest, beside the block: standard library only, any CPython from 3.12 on.

The host imports `values` and `style` too, so that both sides treat values and read code in the same way.
"""
