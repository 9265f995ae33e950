"""Files of the host: to read, to list, to change, or to plant something in."""

from tests.sandbox.escape.attempt import reaching

ATTEMPTS = {
    "the token by its path": reaching("open(TOKEN_FILE).read()"),
    "the token by a descriptor": reaching("os.read(os.open(TOKEN_FILE, os.O_RDONLY), 99)", first="import os"),
    "the token by dots": reaching(
        "open('../' * 30 + TOKEN_FILE[1:]).read()",
        "open('/' + '../' * 30 + TOKEN_FILE[1:]).read()",
        "open('./' * 200 + '../' * 30 + TOKEN_FILE[1:]).read()",
    ),
    "dots below the guest's folders": reaching(
        *(f"open('{folder}/' + '../' * 12 + TOKEN_FILE[1:]).read()" for folder in ("/workspace", "/bridge", "/tmp")),
        "open('/python-stdlib/json/' + '../' * 12 + TOKEN_FILE[1:]).read()",
        natively=False,
    ),
    "the token through /proc": reaching(
        *(f"open('/proc/{who}/' + TOKEN_FILE[1:]).read()" for who in ("self/root", "thread-self/root")),
        "open(f'/proc/{WORKER}/root' + TOKEN_FILE).read()",
    ),
    "the token through a URL": reaching(
        "__import__('urllib.request').request.urlopen('file://' + TOKEN_FILE).read()",
    ),
    "the token through a link": reaching(
        "open('link').read()", first="import os\ntry:\n    os.symlink(TOKEN_FILE, 'link')\nexcept OSError:\n    pass"
    ),
    "the token through a link of dots": reaching(
        "open('dots').read()",
        first="import os\ntry:\n    os.symlink('../' * 30 + TOKEN_FILE[1:], 'dots')\nexcept OSError:\n    pass",
    ),
    "the token through a hard link": reaching(
        "(os.link(TOKEN_FILE, 'hard'), open('hard').read())",
        first="import os",
        natively=False,  # the two may lie on different file systems
    ),
    "the token through a folder that it moves to": reaching(
        "(os.chdir(OUTSIDE), open('token.txt').read())", first="import os"
    ),
    "the token through every descriptor": reaching(
        """[must(os.read(os.open(path, os.O_RDONLY, dir_fd=fd), 9))
            for fd in range(3, 40) for path in (TOKEN_FILE[1:], '../' * 30 + TOKEN_FILE[1:], 'token.txt')
            if tried(lambda: os.stat(path, dir_fd=fd)).startswith('reached')][0]""",
        first="import os\ntry:\n    os.open(OUTSIDE, os.O_RDONLY)\nexcept OSError:\n    pass",
    ),
    "the token through a database": reaching(
        """must(b'not a database' in str(tried(lambda: sqlite3.connect(f'file:{TOKEN_FILE}?mode=ro', uri=True)
            .execute('select * from sqlite_master').fetchall())).encode())""",
        first="try:\n    import sqlite3\nexcept ImportError:\n    sqlite3 = None",
    ),
    "whether the token is there": reaching(
        "must(os.path.exists(TOKEN_FILE))",
        "must(os.access(OUTSIDE, os.F_OK))",
        "os.stat(OUTSIDE)",
        "os.lstat(TOKEN_FILE)",
        first="import os",
    ),
    "the folders of the host": reaching(
        "must(os.listdir(OUTSIDE))",
        "must(next(os.scandir(OUTSIDE)))",
        "must(list(os.walk(OUTSIDE))[0])",
        "must(__import__('glob').glob(OUTSIDE + '/*'))",
        first="import os",
    ),
    "the root": reaching("must(os.listdir('/'))", first="import os"),
    "the accounts of the host": reaching("open('/etc/passwd').read()", "__import__('pwd').getpwuid(0)"),
    "the checkout": reaching("open(CHECKOUT + '/pyproject.toml').read()", "must(__import__('os').listdir(CHECKOUT))"),
    "a module of the checkout": reaching(
        "__import__('seconder')", "__import__('sandbox.protocol')", first="sys.path.insert(0, CHECKOUT)"
    ),
    "packages of the host": reaching(
        "__import__('pydantic').VERSION",
        "__import__('importlib.metadata').metadata.version('pydantic')",
        "__import__('eryx')",
        natively=False,  # without a sandbox it is run in isolation, too
    ),
    "the files of another session": reaching(
        "open(OTHERS + '/notes.txt').read()", "open('../others/notes.txt').read()", natively=True
    ),
    "the folders of other helpers": reaching(
        "must(os.listdir('/dev/shm'))",
        "must(os.listdir('/bridge/..'))",
        "must(os.listdir('/workspace/..'))",
        first="import os",
        natively=False,
    ),
    "a new file outside": reaching("open(OUTSIDE + '/new', 'w').close()"),
    "a new folder outside": reaching("__import__('os').mkdir(OUTSIDE + '/new')"),
    "a link outside": reaching("__import__('os').symlink('token.txt', OUTSIDE + '/new')"),
    "a change of the token": reaching("open(TOKEN_FILE, 'a').write('x')", "open(TOKEN_FILE, 'r+').write('x')"),
    "its removal": reaching("__import__('os').remove(TOKEN_FILE)"),
    "its move": reaching(
        "os.rename(TOKEN_FILE, 'mine')", "os.rename(TOKEN_FILE, OUTSIDE + '/mine')", first="import os"
    ),
    "its end": reaching("__import__('os').truncate(TOKEN_FILE, 0)"),
    "its mode": reaching(
        "(os.chmod(TOKEN_FILE, 0o700), must(os.stat(TOKEN_FILE).st_mode & 0o777 == 0o700))",
        "(os.utime(TOKEN_FILE, (5, 5)), must(os.stat(TOKEN_FILE).st_mtime == 5))",
        first="import os",
    ),
    "a write into the library": reaching(
        "open('/python-stdlib/json/__init__.py', 'a').write('#')",
        "open('/python-stdlib/sitecustomize.py', 'w').write('#')",
        "open('/python-stdlib/__pycache__/os.cpython-314.pyc', 'wb').write(b'x')",
        "os.remove('/python-stdlib/json/__init__.py')",
        "os.rename('/python-stdlib/json', '/python-stdlib/other')",
        first="import os",
        natively=False,
    ),
    "a write into the bridge": reaching(
        "open('/bridge/answer.1', 'w').write('x')",
        "open('/bridge/answer.0', 'a').write('x')",
        "open('/bridge/gate.1', 'w').write('x')",
        "os.remove('/bridge/gate.1')",
        "os.remove('/bridge/answer.0')",
        "os.rename('/bridge/answer.0', '/bridge/answer.1')",
        "os.rename('/bridge/answer.0', '/workspace/answer')",
        "os.mkfifo('/bridge/gate.2')",
        "os.symlink(TOKEN_FILE, '/bridge/answer.1')",
        "os.mkdir('/bridge/answer.1')",
        first="import os",
        natively=False,
    ),
    "devices": reaching(
        "open('/dev/null', 'rb').read(1)",
        "open('/dev/mem', 'rb').read(1)",
        "open('/dev/kvm', 'rb+')",
        "open('/dev/tty', 'rb').read(1)",
        "open('/dev/fd/0', 'rb').read(1)",
        "os.mknod('device', 0o20666, os.makedev(1, 5))",
        first="import os",
    ),
    "an archive that unpacks upwards": reaching(
        "must(os.path.exists(OUTSIDE + '/new'))",
        first="""
            import io, os
            try:
                import tarfile
                data = io.BytesIO()
                with tarfile.open(fileobj=data, mode='w') as tar:
                    member = tarfile.TarInfo('../' * 30 + OUTSIDE[1:] + '/new')
                    tar.addfile(member, io.BytesIO())
                data.seek(0)
                tarfile.open(fileobj=data).extractall('.', filter='fully_trusted')
            except (ImportError, OSError):
                pass
            """,
    ),
    "names with a zero and half characters": reaching(
        "open(TOKEN_FILE + '\\0.txt').read()",
        "open('/workspace/\\0' + '../' * 9 + TOKEN_FILE[1:]).read()",
        "open('\\udc2e\\udc2e' + TOKEN_FILE).read()",
        "open(b'\\xc0\\xae\\xc0\\xae' + TOKEN_FILE.encode()).read()",
        natively=False,
    ),
    "another root": reaching("__import__('os').chroot(OUTSIDE)", natively=False),
}
