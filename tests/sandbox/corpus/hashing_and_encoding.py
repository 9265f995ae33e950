import base64
import binascii
import hashlib
import hmac
import uuid
import zlib

data = "Grüße, Welt".encode("utf-8")
print(hashlib.sha256(data).hexdigest())
print(hashlib.md5(data).hexdigest(), hashlib.blake2b(data, digest_size=8).hexdigest())
print(hmac.new(b"key", data, hashlib.sha256).hexdigest()[:16])
print(base64.urlsafe_b64encode(data).decode(), base64.b32encode(b"hi").decode())
print(uuid.uuid5(uuid.NAMESPACE_URL, "https://shop.example/orders/101"))
packed = zlib.compress(data * 50, level=9)
{
    "crc": zlib.crc32(data),
    "smaller": len(packed) < len(data) * 50,
    "same": zlib.decompress(packed) == data * 50,
    "hex": data[:4].hex(" "),
    "unhex": binascii.unhexlify("68656c6c6f").decode(),
}
