"""What the worker knows: its variables, its name, its user, its numbers."""

from tests.sandbox.escape.attempt import reaching

ATTEMPTS = {
    "a variable": reaching("os.environ[VARIABLE]", "must(os.getenv(VARIABLE))", first="import os"),
    "a variable as bytes": reaching("os.environb[VARIABLE.encode()]", first="import os"),
    "variables through posix": reaching("must(__import__('posix').environ[VARIABLE.encode()])"),
    "any variable of a process": reaching(
        "must(len(__import__('os').environ) > 0 and __import__('os').environ['PATH'])"
    ),
    "variables through /proc": reaching("open('/proc/self/environ').read()", "open(f'/proc/{WORKER}/environ').read()"),
    "the command line": reaching(
        "open('/proc/self/cmdline').read()",
        "open(f'/proc/{WORKER}/cmdline').read()",
        "must([part for part in (*sys.argv, sys.executable or '') if CHECKOUT in part or 'bin/python' in part])",
    ),
    "paths of the host": reaching(
        """must([path for path in (os.getcwd(), sys.prefix, sys.base_prefix, *sys.path, *os.environ.values())
            if path.startswith((CHECKOUT, HOME, '/usr')) or 'seconder-' in path])""",
        first="import os",
    ),
    "the machine's name": reaching(
        "must(os.uname().nodename == HOST)",
        "must(__import__('socket').gethostname() == HOST)",
        "must(__import__('platform').node() == HOST)",
        "open('/etc/hostname').read()",
        first="import os",
    ),
    "the user": reaching(
        "must(os.path.expanduser('~') == HOME)",
        "must(__import__('getpass').getuser())",
        "os.getlogin()",
        first="import os",
    ),
    "the numbers of processes": reaching(
        "must(os.getppid() > 1)", "must(os.getpid() == WORKER)", "must(os.getsid(0))", first="import os"
    ),
    "the machine's load": reaching(
        "os.getloadavg()", "open('/proc/loadavg').read()", "open('/proc/meminfo').read()", first="import os"
    ),
    "the memory of the process": reaching(
        "open('/proc/self/maps').read()", "open('/proc/self/mem', 'rb').read(1)", "open('/proc/self/status').read()"
    ),
    "what is mounted": reaching("open('/proc/mounts').read()", "open('/proc/self/mountinfo').read()"),
    "the real clock": reaching(
        "must(abs(now() - STARTED) > 3600 and now() > STARTED)",
        first="""
            import time
            STARTED = 1772357400.0
            def now():
                try:
                    return time.clock_gettime(time.CLOCK_REALTIME)
                except (AttributeError, OSError):
                    return time.time()
            """,
    ),
}
