/* C = A B of square double matrices as a sum of outer products: every step reads and writes all of C. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    int size = argc > 1 ? atoi(argv[1]) : 256;
    double *a = malloc(sizeof(double) * size * size);
    double *b = malloc(sizeof(double) * size * size);
    double *c = calloc(size * size, sizeof(double));
    if (!a || !b || !c) return 1;
    for (int i = 0; i < size * size; i++) {
        a[i] = i % 7;
        b[i] = i % 5;
    }
    for (int k = 0; k < size; k++)
        for (int i = 0; i < size; i++)
            for (int j = 0; j < size; j++) c[i * size + j] += a[i * size + k] * b[k * size + j];
    printf("%f\n", c[size * size - 1]);
    return 0;
}
