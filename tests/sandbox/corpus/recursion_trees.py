from typing import NamedTuple, Optional

class Node(NamedTuple):
    value: int
    left: Optional["Node"] = None
    right: Optional["Node"] = None

def insert(node, value):
    if node is None:
        return Node(value)
    if value < node.value:
        return node._replace(left=insert(node.left, value))
    return node._replace(right=insert(node.right, value))

def walk(node):
    if node:
        yield from walk(node.left)
        yield node.value
        yield from walk(node.right)

def depth(node):
    return 0 if node is None else 1 + max(depth(node.left), depth(node.right))

root = None
for v in [50, 30, 70, 20, 40, 60, 80, 10]:
    root = insert(root, v)

def hanoi(n, a="A", b="B", c="C"):
    return [] if n == 0 else hanoi(n - 1, a, c, b) + [(a, c)] + hanoi(n - 1, b, a, c)

{"sorted": list(walk(root)), "depth": depth(root), "moves": len(hanoi(6)), "first": hanoi(2)[0]}
