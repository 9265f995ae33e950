import statistics
from math import isclose, sqrt

xs = [1, 2, 3, 4, 5, 6]
ys = [2.1, 3.9, 6.2, 7.8, 10.1, 12.2]
slope, intercept = statistics.linear_regression(xs, ys)
r = statistics.correlation(xs, ys)
rmse = sqrt(sum((y - (slope * x + intercept)) ** 2 for x, y in zip(xs, ys)) / len(xs))
print(f"y = {slope:.4f}x + {intercept:.4f}, r = {r:.5f}, rmse = {rmse:.5f}")
isclose(statistics.NormalDist(100, 15).cdf(115), 0.8413447, rel_tol=1e-6)
