from bisect import bisect, bisect_left, insort

def grade(score, breakpoints=(60, 70, 80, 90), grades="FDCBA"):
    return grades[bisect(breakpoints, score)]

scores = [33, 99, 77, 70, 89, 90, 100]
board = []
for s in scores:
    insort(board, s)
index = bisect_left(board, 77)
print([grade(s) for s in scores], index, board[index:])
bisect([("a", 1), ("c", 3)], "b", key=lambda pair: pair[0])
