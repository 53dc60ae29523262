/* mujoco_reference.h - what another program measured of the four data sets at the paper's sizes
 * (4000 training and 10000 test examples), with random numbers of its own: the statistics of y, of
 * the observations in x, and the test errors of trivial predictions. */
#ifndef BENCH_MUJOCO_REFERENCE_H
#define BENCH_MUJOCO_REFERENCE_H

enum { QUANTILES = 7, MOST_OBSERVATIONS = 17 };
static const double quantile_at[QUANTILES] = { 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99 };

struct label_reference {
    double mean, deviation, quantile[QUANTILES];
};

struct reference {
    const char *environment;
    struct label_reference train, test;
    double unhealthy_at_start, unhealthy_on_the_way; /* shares of all examples */
    double clipped_at_start, clipped_on_the_way;
    double mean[MOST_OBSERVATIONS], deviation[MOST_OBSERVATIONS];
    double constant, ridge, ridge_observations, ridge_actions, ridge_products;
};

static const struct reference references[] = {
    { .environment = "swimmer",
      .train = { -0.184, 3.546, { -7.691, -5.675, -2.556, -0.378, 1.917, 6.086, 9.496 } },
      .test = { -0.213, 3.577, { -7.838, -5.561, -2.634, -0.443, 1.929, 6.060, 9.500 } },
      .mean = { 0.000261, 0.0126, -0.025, -0.0251, 0.022, -0.0211, 0.0459, -0.0457 },
      .deviation = { 0.507, 0.994, 0.997, 0.358, 1.06, 1.17, 2.12, 2.15 },
      .constant = 0.0842,
      .ridge = 0.0813,
      .ridge_observations = 0.0808,
      .ridge_actions = 0.0842,
      .ridge_products = 0.0698 },
    { .environment = "walker2d",
      .train = { 14.111, 15.958, { -18.073, -9.483, 2.337, 13.006, 24.223, 44.242, 53.881 } },
      .test = { 14.301, 15.885, { -18.253, -9.299, 2.646, 13.211, 24.453, 43.461, 53.847 } },
      .unhealthy_at_start = 0.645,
      .unhealthy_on_the_way = 0.967,
      .clipped_at_start = 0.972,
      .clipped_on_the_way = 1,
      .mean = { 0.98, -1.59, -1.14, -0.946, 0.251, -1.14, -0.94, 0.253, -0.396, -2.61, -6.15, -3.03,
                -5.26, -0.94, -3.1, -5.16, -0.866 },
      .deviation = { 0.209, 1.03, 0.906, 0.792, 0.575, 0.909, 0.787, 0.57, 1.44, 1.87, 5.72, 7.55,
                     5.84, 8.06, 7.53, 5.9, 8.18 },
      .constant = 0.0826,
      .ridge = 0.0339,
      .ridge_observations = 0.0521,
      .ridge_actions = 0.0662,
      .ridge_products = 0.0233 },
    { .environment = "hopper",
      .train = { 8.281, 10.814, { -13.402, -8.689, -0.073, 7.869, 16.432, 26.179, 31.513 } },
      .test = { 8.171, 11.023, { -13.900, -8.937, -0.273, 7.720, 16.272, 26.810, 32.729 } },
      .unhealthy_at_start = 0.653,
      .unhealthy_on_the_way = 0.939,
      .clipped_at_start = 0.058,
      .clipped_on_the_way = 0.288,
      .mean = { 1.19, -0.391, -0.287, -0.242, 0.119, -0.517, -0.542, -3.63, -2.52, -2.31, 1.28 },
      .deviation = { 0.0592, 0.34, 0.328, 0.281, 0.275, 0.623, 0.78, 3.07, 3.23, 2.88, 2.72 },
      .constant = 0.0847,
      .ridge = 0.0081,
      .ridge_observations = 0.0157,
      .ridge_actions = 0.0778,
      .ridge_products = 0.0061 },
    { .environment = "halfcheetah",
      .train = { -6.085, 9.156, { -27.499, -21.248, -12.253, -5.987, 0.287, 8.654, 14.371 } },
      .test = { -5.997, 9.188, { -27.918, -21.494, -12.174, -5.851, 0.339, 8.756, 14.458 } },
      .mean = { -0.0315, 0.202, -0.00166, -0.00961, 0.0234, 0.0381, 0.00995, -0.00249, 0.0199,
                -0.0232, 0.177, 0.0536, -0.184, 0.0731, 0.184, 0.0119, 0.0102 },
      .deviation = { 0.119, 0.465, 0.345, 0.375, 0.347, 0.435, 0.413, 0.335, 1, 1.03, 2.21, 8.01,
                     9.65, 9.67, 8.92, 9.39, 7.94 },
      .constant = 0.0829,
      .ridge = 0.0478,
      .ridge_observations = 0.0472,
      .ridge_actions = 0.0829,
      .ridge_products = 0.0407 },
};
#endif
