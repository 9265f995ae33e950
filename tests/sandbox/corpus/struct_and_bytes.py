import struct
from array import array

header = struct.pack(">HIf", 7, 70_000, 1.5)
kind, size, ratio = struct.unpack(">HIf", header)
numbers = array("i", [3, 1, 2])
view = memoryview(bytearray(b"abcdef"))
view[1:3] = b"ZZ"
print(header.hex(), kind, size, ratio, struct.calcsize("<QhB"))
print(bytes(view), numbers.tolist(), int.from_bytes(b"\x01\x00", "little"), (1023).to_bytes(2, "big"))
[b"caf\xc3\xa9".decode(), "é".encode("latin-1").hex(), b"a,b".split(b","), bytes.fromhex("00ff")]
