"""The interpreter turned against itself: frames, objects, code made by hand, and what runs behind everybody's back."""

from tests.sandbox.escape.attempt import program, reaching

ATTEMPTS = {
    "frames up to the host": reaching(
        "must([name for name in names if 'helper' in name or 'site-packages' in name or CHECKOUT in name])",
        first="""
            frame, names = sys._getframe(), []
            while frame:
                names.append(frame.f_code.co_filename)
                frame = frame.f_back
            """,
        natively=False,
    ),
    "objects of the host": reaching(
        """must([found for found in gc.get_objects() if type(found).__name__ in
            ('Conversation', 'BlockSpec', 'Helper', 'Channel', 'Journal', 'Gate', 'Planted')])""",
        first="import gc",
        natively=False,
    ),
    "classes of the host": reaching(
        "must([c for c in object.__subclasses__() if c.__module__.split('.')[0] in ('pydantic', 'eryx')])",
        natively=False,
    ),
    "a class that starts processes": reaching(
        """[c for c in object.__subclasses__() if c.__name__ == '_wrap_close'][0].__init__.__globals__['system'](
            'touch ' + OUTSIDE + '/new') == 0 or 1 / 0""",
        first="import os",
    ),
    "the journal and the grant": reaching(
        "must([name for name in ('sandbox.journal', 'sandbox.conversation', 'sandbox.pool') if name in sys.modules])",
        natively=False,
    ),
    "an audit of everything": program(
        """
        import sys
        seen = []
        def hook(event, arguments):
            seen.append(event)
            if event.startswith('open') and len(seen) < 1000:
                raise PermissionError(event)
        sys.addaudithook(hook)
        'held'
        """,
        "held",
        "failed",
    ),
    "bytecode that is none": program(
        """
        import types
        code = (lambda: None).__code__.replace(co_code=bytes(range(255)) * 8, co_stacksize=1)
        types.FunctionType(code, {})()
        """,
        "failed",
        "completed",
    ),
    "bytecode that reads beyond its frame": program(
        """
        import dis, types
        code = (lambda: None).__code__
        load = bytes([dis.opmap['LOAD_FAST'], 200, dis.opmap['RETURN_VALUE'], 0])
        repr(types.FunctionType(code.replace(co_code=load), {})())[:50]
        """,
        "failed",
        "completed",
    ),
    "constants beyond the code's own": program(
        """
        import dis, types
        code = (lambda: None).__code__
        load = bytes([dis.opmap['EXTENDED_ARG'], 255, dis.opmap['LOAD_CONST'], 255, dis.opmap['RETURN_VALUE'], 0])
        repr(types.FunctionType(code.replace(co_code=load, co_consts=()), {})())[:50]
        """,
        "failed",
        "completed",
    ),
    "a marshal made by hand": program("import marshal\nmarshal.loads(b'c' + bytes(range(256)) * 40)", "failed"),
    "a pickle that runs a program": reaching(
        'must(pickle.loads(b"cposix\\nsystem\\n(S\'touch " + OUTSIDE.encode() + b"/new\'\\ntR.") == 0)',
        first="try:\n    import pickle\nexcept ImportError:\n    pickle = None",
    ),
    "the dictionary of a type": program(
        """
        import gc
        for kind in (str, int, dict, list, bytes):
            for methods in gc.get_referents(kind.__dict__):
                if isinstance(methods, dict):
                    for name in ('encode', 'decode', '__len__', 'items', '__getitem__'):
                        methods.pop(name, None)
        issue_refund(1)
        """,
        "failed",
        "suspended",
        "completed",
        asks=frozenset({"issue_refund"}),
    ),
    "a mutable None": program(
        """
        import gc
        try:
            gc.get_referents(type(None).__dict__)[0]['__bool__'] = lambda self: True
        except (TypeError, IndexError):
            pass
        if issue_refund(1) is None:
            send_email('mallory')
        """,
        "suspended",
        "failed",
        asks=(("issue_refund", {"order_id": 1}),),
    ),
    "tests' own doors into the interpreter": reaching(
        *(f"__import__({name!r})" for name in ("_testcapi", "_testinternalcapi", "_testlimitedcapi", "_ctypes_test")),
        "sys._stdlib_dir == 1 / 0",
        natively=False,
    ),
    "attributes by format": program(
        "echo(value='{0.__class__.__init__.__globals__} {spec} %(journal)s ${VARIABLE} {{7*7}}')['x']",
        "TypeError",
        asks=(("echo", {"value": "{0.__class__.__init__.__globals__} {spec} %(journal)s ${VARIABLE} {{7*7}}"}),),
    ),
    "the source of the host in a traceback": program(
        """
        try:
            find_fault('RuntimeError', 'no')
        except Exception as error:
            import traceback
            told = ''.join(traceback.format_exception(error))
        'reached' if CHECKOUT in told or 'site-packages' in told else 'held'
        """,
        "held",
        asks=(("find_fault", {"kind": "RuntimeError", "message": "no"}),),
    ),
    "an error of the prelude": program(
        """
        guest('fixed').advance_to = None
        try:
            echo(value=1)
        except Exception as error:
            import traceback
            told = ''.join(traceback.format_exception(error))
        'reached' if CHECKOUT in told or 'site-packages' in told else 'held'
        """,
        "held",
        asks=(("echo", {"value": 1}),),
    ),
    "other opcodes while it runs": program(
        """
        def tamper(frame, event, argument):
            for name in ('number', 'arguments', 'tool', 'text'):
                frame.f_locals.get(name)
            if 'arguments' in frame.f_locals and frame.f_code.co_name == '_make':
                frame.f_locals['arguments'] = '{"order_id":999999}'
            return tamper
        sys.settrace(tamper)
        issue_refund(1)
        """,
        # Which of the two the host is asked for does not matter: a person sees that one, and it alone is run.
        "suspended",
        asks=frozenset({"issue_refund"}),
    ),
    "monitoring of every line": program(
        """
        monitoring = sys.monitoring
        monitoring.use_tool_id(3, 'spy')
        monitoring.register_callback(3, monitoring.events.CALL, lambda *_: send_email('spy') if False else None)
        monitoring.set_events(3, monitoring.events.CALL | monitoring.events.LINE)
        issue_refund(1)
        """,
        "suspended",
        asks=(("issue_refund", {"order_id": 1}),),
    ),
}
