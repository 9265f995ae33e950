matrix = [[i * j for j in range(1, 5)] for i in range(1, 4)]
transposed = [list(column) for column in zip(*matrix)]
flat = [cell for row in matrix for cell in row if cell % 2 == 0]
lookup = {(i, j): cell for i, row in enumerate(matrix) for j, cell in enumerate(row)}
unique = sorted({cell for row in matrix for cell in row})
spiral = []
rest = [row[:] for row in matrix]
while rest:
    spiral += rest.pop(0)
    rest = [list(r) for r in zip(*rest)][::-1]
print(*("\t".join(map(str, row)) for row in matrix), sep="\n")
[transposed, flat, unique, lookup[2, 3], spiral]
