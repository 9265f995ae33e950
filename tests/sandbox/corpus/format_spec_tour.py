import math

value = 1234567.891
name = "Müller"
print(f"{value:,.1f}|{value:e}|{value:012.2f}|{-value:+,.0f}|{value:_.2f}")
print(f"{255:#x}|{255:08b}|{255:o}|{65:c}|{0.1234:.1%}|{name!r:>12}|{name:*^12}")
print(f"{math.pi=:.3f} {name=} {'nested ' + f'{name.upper()}'}")
print("{0}-{1}-{0} {key[a]} {obj.real}".format("x", "y", key={"a": 1}, obj=3))
print("%05.1f|%-6s|%x|%%|%s" % (3.14159, "ab", 255, None))
print("a\tb".expandtabs(4), "x".center(5, "."), "42".zfill(5), "ß".upper(), "Straße".casefold())
"{:>{w}}".format("r", w=4)
