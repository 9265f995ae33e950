"""Processes and threads: to start some, to end others', to reach the machine's own code, and ways to leave."""

from tests.sandbox.escape.attempt import program, reaching

TOUCH = "['/bin/sh', '-c', 'touch ' + OUTSIDE + '/new']"
OS = "import os"

ATTEMPTS = {
    "a subprocess": reaching(f"must(__import__('subprocess').run({TOUCH}).returncode == 0)"),
    "a shell": reaching(f"must(os.system(({TOUCH})[2]) == 0)", first=OS),
    "a pipe to a shell": reaching("must(os.popen('echo reached').read())", first=OS),
    "a fork": reaching("os.fork() or os._exit(0)", "os.forkpty()", first=OS),
    "a spawned process": reaching(
        f"os.posix_spawn('/bin/sh', {TOUCH}, {{}})", f"must(os.spawnv(os.P_WAIT, '/bin/sh', {TOUCH}) == 0)", first=OS
    ),
    "another program in its place": reaching(f"os.execv('/bin/sh', {TOUCH})", first=OS, natively=False),
    "what subprocess is made of": reaching(
        """__import__('_posixsubprocess').fork_exec([b'/bin/true'], [b'/bin/true'], True, (), None, None,
            -1, -1, -1, -1, -1, -1, *os.pipe(), False, False, -1, None, None, None, -1, None)""",
        first=OS,
        natively=False,  # its parameters differ between versions
    ),
    "multiprocessing": reaching(
        "(m.Process(target=print).start(), m.active_children())",
        first="try:\n    import multiprocessing as m\nexcept ImportError:\n    m = None",
        natively=False,
    ),
    "a pool of processes": reaching(
        "__import__('concurrent.futures').futures.ProcessPoolExecutor(1).submit(print).result(2)", natively=False
    ),
    "a terminal": reaching("__import__('pty').fork()", "os.openpty()", first=OS, natively=False),
    "a thread": reaching(
        "__import__('threading').Thread(target=int).start()",
        "__import__('_thread').start_new_thread(int, ())",
        "__import__('concurrent.futures').futures.ThreadPoolExecutor(1).submit(int).result(2)",
    ),
    "a thread that dumps tracebacks": reaching(
        "__import__('faulthandler').dump_traceback_later(1, file=open('x', 'w'))"
    ),
    "another interpreter": reaching(
        "__import__('_interpreters').exec(__import__('_interpreters').create(), 'import threading')",
        "__import__('concurrent.interpreters').interpreters.create().call_in_thread(int)",
        natively=False,
    ),
    "the end of a process": reaching("os.kill(CANARY, 9)", "os.killpg(os.getpgid(CANARY), 9)", first=OS),
    "a signal to the worker": reaching("os.kill(WORKER, 0)", "os.getpgid(WORKER)", first=OS),
    "a signal to everybody": reaching("os.kill(-1, 0)", "os.kill(1, 0)", first=OS, natively=False),
    "a handle on a process": reaching(
        "os.pidfd_open(CANARY)", "os.pidfd_open(WORKER)", "open(f'/proc/{WORKER}/status').read()", first=OS
    ),
    "an alarm": reaching("must(__import__('signal').alarm(60) == 0)", natively=False),
    "more rights": reaching(
        "__import__('resource').setrlimit(__import__('resource').RLIMIT_NOFILE, (9, 9))",
        "os.setpriority(os.PRIO_PROCESS, 0, 5)",
        "os.sched_setaffinity(0, {0})",
        "os.setuid(0)",
        "os.unshare(os.CLONE_NEWUSER)",
        first=OS,
        natively=False,
    ),
    "ctypes": reaching(
        "__import__('ctypes').CDLL(None).getpid()",
        "__import__('_ctypes').dlopen(None, 2)",
        "__import__('ctypes').string_at(id(1), 1)",
        "__import__('ctypes.util').util.find_library('c') or 1 / 0",
    ),
    "memory shared with others": reaching(
        "__import__('mmap').mmap(-1, 4096)",
        "os.memfd_create('x')",
        "__import__('multiprocessing.shared_memory').shared_memory.SharedMemory(create=True, size=9)",
        first=OS,
        natively=False,
    ),
    "code of the machine": reaching(
        """importlib.machinery.ExtensionFileLoader('evil', path).create_module(
            importlib.machinery.ModuleSpec('evil', None, origin=path))""",
        "__import__('_imp').create_dynamic(importlib.machinery.ModuleSpec('evil', None, origin=path))",
        first="""
            import importlib.machinery
            path = '/workspace/evil.so'
            try:
                open(path, 'wb').write(b'\\x7fELF')
            except OSError:
                pass
            """,
        natively=False,
    ),
    "a debugger": program("breakpoint()\n'held'", "held", "failed"),
    "a question to whoever sits there": reaching("must(input('password: '))", natively=False),
    "os._exit": program("import os\nos._exit(0)", "SandboxExited", "SandboxCrashed"),
    "os.abort": program("import os\nos.abort()", "SandboxExited", "SandboxCrashed", "AttributeError"),
    "a signal to itself": program("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "failed"),
    "an exit with a code": program("import sys\nsys.exit(3)", "SystemExit"),
    "KeyboardInterrupt": program("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "a base exception of its own": program("class Out(BaseException):\n    pass\nraise Out('x')", "Out"),
    "an exit out of a coroutine": program(
        "import asyncio\nasync def out():\n    raise SystemExit(0)\nasyncio.create_task(out())\nawait asyncio.sleep(1)",
        "completed",
        "failed",
    ),
}
