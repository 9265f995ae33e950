"""The network of the host: a server on loopback that must see nobody, and ways to be one."""

from tests.sandbox.escape.attempt import program, reaching

ANY = "0.0.0.0"  # noqa: S104 - to connect to
SOCKET = "try:\n    import socket\nexcept ImportError:\n    socket = None"

ATTEMPTS = {
    "a connection to loopback": reaching("socket.create_connection(('127.0.0.1', PORT), 2)", first=SOCKET),
    "loopback under other names": reaching(
        *(
            f"socket.create_connection(({name!r}, PORT), 2)"
            for name in ("localhost", ANY, "127.1", "2130706433", "0x7f000001", "::ffff:127.0.0.1", "127.9.9.9")
        ),
        first=SOCKET,
    ),
    "a connection without waiting": reaching(
        """must((s := socket.socket(), s.setblocking(False), s.connect_ex(('127.0.0.1', PORT)))[2] in (0, 115)
            and s.send(b'x') is not None)""",
        first=SOCKET,
        natively=False,  # whether it is connected yet is a race
    ),
    "a datagram": reaching(
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))", first=SOCKET
    ),
    "a socket in the file system": reaching("(s := socket.socket(socket.AF_UNIX)).connect(UNIX)", first=SOCKET),
    "a socket without a name": reaching(
        "(s := socket.socket(socket.AF_UNIX)).connect('\\0seconder')",
        "socket.socket(socket.AF_UNIX).bind('\\0mine')",
        first=SOCKET,
    ),
    "raw and odd families": reaching(
        "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
        "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
        "socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)",
        "socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)",
        first=SOCKET,
    ),
    "a server of its own": reaching(
        "(s := socket.socket()).bind(('127.0.0.1', 0)) or s.listen() or s.getsockname()",
        "socket.create_server(('', 0))",
        first=SOCKET,
    ),
    "sockets among the descriptors": reaching(
        "must([fd for fd in range(64) if tried(lambda: socket.socket(fileno=fd).send(b'x')).startswith('reached')])",
        first=SOCKET,
        natively=False,
    ),
    "names": reaching(
        "must(socket.getaddrinfo('localhost', 80)[0][4][0] in ('127.0.0.1', '::1'))",
        "must(socket.gethostbyname('localhost') == '127.0.0.1')",
        first=SOCKET,
    ),
    "HTTP": reaching(
        "__import__('urllib.request').request.urlopen(f'http://127.0.0.1:{PORT}/', timeout=2)",
        "(c := __import__('http.client').client.HTTPConnection('127.0.0.1', PORT, timeout=2)).connect()",
    ),
    "TLS": reaching(
        "ssl.create_default_context().wrap_socket(socket.create_connection(('127.0.0.1', PORT), 2))",
        "ssl.get_server_certificate(('127.0.0.1', PORT), timeout=2)",
        first=f"{SOCKET}\ntry:\n    import ssl\nexcept ImportError:\n    ssl = None",
        natively=False,  # nobody there speaks it
    ),
    "mail and files": reaching(
        "__import__('ftplib').FTP().connect('127.0.0.1', PORT, 2)",
        "__import__('smtplib').SMTP('127.0.0.1', PORT, timeout=2)",
        natively=False,  # nor this
    ),
    "the metadata service": reaching(
        "socket.create_connection(('169.254.169.254', 80), 2)",
        "__import__('urllib.request').request.urlopen('http://169.254.169.254/latest/', timeout=2)",
        first=SOCKET,
        natively=False,
    ),
    "asyncio's connections": program(
        """
        import asyncio
        async def connect(way, *where):
            try:
                await asyncio.wait_for(way(*where), 2)
                return 'reached'
            except (Exception, asyncio.CancelledError) as error:
                return f'held {type(error).__name__}'
        ends = [await connect(asyncio.open_connection, '127.0.0.1', PORT),
                await connect(getattr(asyncio, 'open_unix_connection', None), UNIX),
                await connect(asyncio.start_server, print, '127.0.0.1', 0)]
        'reached' if 'reached' in ends else 'held ' + str(ends)
        """,
        "held",
        "ImportError",
        "ModuleNotFoundError",
    ),
    "the backend's own sockets": reaching(
        *(
            f"must(_eryx._eryx_tcp_connect({name!r}, PORT)[0] == 0)"
            for name in ("127.0.0.1", "localhost", ANY, "[::1]", "127.0.0.1:80@127.0.0.1")
        ),
        "must(_eryx._eryx_tls_upgrade(0, '127.0.0.1')[0] == 0)",
        "must(_eryx._eryx_tcp_write(0, b'GET / HTTP/1.0')[0] == 0)",
        first="try:\n    import _eryx\nexcept ImportError:\n    _eryx = None",
        natively=False,
    ),
    "the backend's own requests": reaching(
        *(
            f"must(getattr(__import__({module!r}), {name!r})(f'http://127.0.0.1:{{PORT}}/'))"
            for module in ("builtins", "hyperlight", "wit_world.imports.tools")
            for name in ("http_get", "http_post", "fetch")
        ),
        natively=False,
    ),
}
