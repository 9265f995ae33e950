import heapq
import math

graph = {
    "A": {"B": 7, "C": 9, "F": 14},
    "B": {"A": 7, "C": 10, "D": 15},
    "C": {"A": 9, "B": 10, "D": 11, "F": 2},
    "D": {"B": 15, "C": 11, "E": 6},
    "E": {"D": 6, "F": 9},
    "F": {"A": 14, "C": 2, "E": 9},
}

def shortest(graph, source):
    distance = {node: math.inf for node in graph}
    distance[source] = 0
    previous = {}
    queue = [(0, source)]
    while queue:
        d, node = heapq.heappop(queue)
        if d > distance[node]:
            continue
        for neighbour, weight in graph[node].items():
            if d + weight < distance[neighbour]:
                distance[neighbour] = d + weight
                previous[neighbour] = node
                heapq.heappush(queue, (distance[neighbour], neighbour))
    return distance, previous

distance, previous = shortest(graph, "A")
path = ["E"]
while path[-1] in previous:
    path.append(previous[path[-1]])
print(" -> ".join(reversed(path)))
distance
