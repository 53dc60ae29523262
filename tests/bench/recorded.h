/* recorded.h - what other samplers reached on the same functions with the same protocol, as it was
 * measured once: medians of best@200 over 20 seeds (1 worker) or 10. Hyperopt 0.3.0 (c49ad14);
 * Optuna 5.0.0.dev (1d8ce7b), `<=4` with multivariate and constant_liar off, CMA-ES by cmaes
 * 0.9.1. The prototypes are forerunners of coordinator/search: one with Optuna's rules, the others
 * with some of what is now in tpe.c. */
#ifndef BENCH_RECORDED_H
#define BENCH_RECORDED_H
#include <math.h>

enum { RECORDED_COLUMNS = 8, RECORDED_TABLES = 4 };

struct recorded_table {
    const char *title;
    int workers;
    const char *columns[RECORDED_COLUMNS];
    double best[10][RECORDED_COLUMNS]; /* F01 to F10 */
};

static const struct recorded_table recorded_tables[RECORDED_TABLES] = {
    { "recorded figures, 1 worker (the recommended prototype: 1.45)",
      1,
      { "random", "Hyperopt", "Optuna <=4", "Optuna 5", "prototype, Optuna", "prototype, no eps" },
      {
          { 0.4937, 0.4822, 0.4057, 0.4008, 0.4009, 0.3984 },
          { -2.244, -2.936, -3.192, -3.292, -3.276, -3.314 },
          { 617.2, 241.1, 101.9, 72.59, 76.77, 19.13 },
          { 19.32, 16.66, 14.98, 9.434, 11.73, 7.472 },
          { 104, 82.05, 66.69, 75.96, 73.81, 69.43 },
          { 0.6369, 0.2946, 0.1728, 0.2116, 0.296, 0.106 },
          { 0.1757, 0.1469, 0.074, 0.1017, 0.1103, 0.1001 },
          { 0.08377, 0.06529, 0.1073, 0.1073, 0.1501, 0.05232 },
          { 0.3318, 0.231, 0.1673, 0.1889, 0.1861, 0.1266 },
          { 0.5734, 0.5458, 0.5442, 0.5427, 0.5427, 0.5427 },
      } },
    { "recorded figures, 8 workers (the recommended prototype: 2.33)",
      8,
      { "random", "Hyperopt", "Optuna mv, no liar", "Optuna 5", "prototype, Optuna",
        "prototype, EI only" },
      {
          { NAN, NAN, NAN, NAN, 0.4053, 0.4037 },
          { -2.185, -2.873, -3.239, -3.212, -3.273, -3.295 },
          { NAN, NAN, NAN, NAN, 83.68, 36.16 },
          { NAN, NAN, NAN, NAN, 14.36, 9.031 },
          { 106, 80.18, 77.2, 82.8, 85.58, 65.02 },
          { 0.7038, 0.2586, 0.3604, 0.2239, 0.3238, 0.3276 },
          { NAN, NAN, NAN, NAN, 0.1239, 0.09415 },
          { 0.1195, 0.03384, 0.08723, 0.0511, 0.1502, 0.1503 },
          { 0.3787, 0.2265, 0.1908, 0.1907, 0.2027, 0.1759 },
          { 0.5734, 0.5458, 0.5427, 0.5427, 0.5427, 0.5427 },
      } },
    { "recorded figures, 32 workers (the recommended prototype: 1.88)",
      32,
      { "random", "Hyperopt", "Optuna mv, no liar", "Optuna 5", "prototype, no liar",
        "prototype, Optuna", "prototype, EI only" },
      {
          { NAN, NAN, NAN, NAN, 0.4058, 0.4237, 0.4224 },
          { -2.185, -2.9, -2.996, -2.818, -2.989, -2.978, -3.125 },
          { NAN, NAN, NAN, NAN, 303.7, 297.7, 199.5 },
          { NAN, NAN, NAN, NAN, 17.8, 17.7, 16.2 },
          { 106, 87.41, 90.02, 90.02, 78.72, 77.06, 81.72 },
          { 0.7038, 0.3614, 0.4017, 0.3774, 0.5335, 0.4909, 0.3816 },
          { NAN, NAN, NAN, NAN, 0.1735, 0.1367, 0.1203 },
          { NAN, NAN, NAN, NAN, 0.152, 0.1498, 0.1503 },
          { NAN, NAN, NAN, NAN, 0.2239, 0.2239, 0.2053 },
          { 0.5734, 0.5427, 0.5427, 0.5427, 0.5458, 0.5427, 0.5427 },
      } },
    { "recorded figures, CMA-ES, 1 worker (the recommended prototype: 1.38)",
      1,
      { "Optuna CMA-ES", "Optuna 5" },
      {
          { 0.3979, 0.4008 },
          { -3.283, -3.292 },
          { 16.92, 72.59 },
          { 9.784, 9.434 },
          { 66.3, 75.96 },
          { 0.1682, 0.2116 },
          { 0.08529, 0.1017 },
          { NAN, 0.1073 },
          { 0.1754, 0.1889 },
          { NAN, 0.5427 },
      } },
};
#endif
