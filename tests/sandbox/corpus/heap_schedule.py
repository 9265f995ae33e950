import heapq

jobs = [(5, "write report"), (1, "page on-call"), (3, "review"), (1, "restart")]
heap = []
for order, (priority, name) in enumerate(jobs):
    heapq.heappush(heap, (priority, order, name))
done = [heapq.heappop(heap)[2] for _ in range(len(heap))]

def merge_intervals(intervals):
    merged = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return merged

print(heapq.nlargest(2, [4, 9, 2, 7]), heapq.nsmallest(2, jobs), list(heapq.merge([1, 4], [2, 3])))
{"done": done, "merged": merge_intervals([(8, 10), (1, 3), (2, 6), (9, 12)])}
