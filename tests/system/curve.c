/* curve POINTS DELAY_MS: a trial whose curve follows from its parameters `a` and `b` alone, however
 * often and wherever it runs: POINTS reports of the metric `loss`, DELAY_MS apart. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double parameter(const char *line, const char *name)
{
    char key[16];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(line, key);
    return at != NULL ? strtod(at + strlen(key), NULL) : 0;
}

int main(int argc, char **argv)
{
    static char line[1 << 16];
    if (argc != 3 || fgets(line, sizeof line, stdin) == NULL) {
        fprintf(stderr, "usage: curve POINTS DELAY_MS < TRIAL.json\n");
        return 2;
    }
    long delay_ms = atol(argv[2]);
    const struct timespec delay = { delay_ms / 1000, delay_ms % 1000 * 1000000 };
    double a = parameter(line, "a"), b = parameter(line, "b");
    for (int step = 1; step <= atoi(argv[1]); step++) {
        double loss = (a - 3) * (a - 3) + (b - 5) * (b - 5) / 4 + 1.0 / step;
        printf("{\"step\": %d, \"epoch\": %d, \"metrics\": {\"loss\": %.17g, \"b\": %g}}\n", step,
               step, loss, b);
        fflush(stdout);
        nanosleep(&delay, NULL);
    }
    return 0;
}
