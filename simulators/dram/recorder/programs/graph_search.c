/* Breadth-first search through a random graph in compressed sparse rows. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t state = 88172645463325252u;

static uint32_t draw(void) { /* xorshift64 (Marsaglia 2003), the same numbers everywhere */
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

int main(int argc, char **argv) {
    uint32_t vertices = argc > 1 ? (uint32_t)atoi(argv[1]) : 1u << 15;
    uint32_t degree = argc > 2 ? (uint32_t)atoi(argv[2]) : 8;
    uint32_t *edge = malloc(sizeof *edge * vertices * degree);
    uint32_t *distance = malloc(sizeof *distance * vertices);
    uint32_t *parent = malloc(sizeof *parent * vertices);
    uint32_t *queue = malloc(sizeof *queue * vertices);
    if (!edge || !distance || !parent || !queue) return 1;
    for (uint32_t k = 0; k < vertices * degree; k++) edge[k] = draw() % vertices;
    for (uint32_t v = 0; v < vertices; v++) distance[v] = UINT32_MAX;
    uint32_t head = 0, tail = 0;
    distance[0] = 0;
    queue[tail++] = 0;
    while (head < tail) {
        uint32_t v = queue[head++];
        for (uint32_t k = v * degree; k < (v + 1) * degree; k++) {
            uint32_t w = edge[k];
            if (distance[w] == UINT32_MAX) {
                distance[w] = distance[v] + 1;
                parent[w] = v;
                queue[tail++] = w;
            }
        }
    }
    printf("%u reached, the last %u steps away\n", tail, distance[queue[tail - 1]]);
    return 0;
}
