class Timer:
    def __init__(self, name):
        self.name = name
        self.laps = []

    def __enter__(self):
        self.laps.append("start")
        return self

    def __exit__(self, kind, value, tb):
        self.laps.append(kind.__name__ if kind else "clean")
        return kind is KeyError

with Timer("outer") as outer:
    with Timer("inner") as inner:
        raise KeyError("swallowed")
    outer.laps.append("after")
f"{outer.laps} {inner.laps}"
