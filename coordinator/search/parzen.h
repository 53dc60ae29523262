/* parzen.h - the density only: a Parzen estimator over the dimensions of a space.
 *
 * One kernel for each configuration of a group, and one more, the last, for the prior. A kernel is
 * a product over the dimensions that apply to its configuration: on numeric ones a normal cut to
 * [0, 1] (or its mass in the cell of an option), on categorical ones its own option with some
 * noise. All densities are relative to the prior, so a dimension that a kernel does not have
 * contributes 1.
 *
 * Sums run in the order of the kernels; all functions are of the deterministic kind (dmath.h). */
#ifndef SEARCH_PARZEN_H
#define SEARCH_PARZEN_H
#include "coordinator/search/history.h"

struct parzen *parzen_create(void);
void parzen_destroy(struct parzen **parzen); /* leaves NULL, accepts NULL */

/* Forgets the former estimator (keeps its memory) and makes one of the given configurations;
 * weights are theirs and need not sum to anything, the prior's is 1. The history's columns
 * must be filled, and not change while the estimator is used. */
void parzen_build(struct parzen *parzen, struct history *history, const int *members, int n_members,
                  const double *weights);

/* Draws one point: coordinates u (n_dimensions, NaN inactive) and, of those parameters only that
 * conditions name, values (n_parameters). Dimension `fixed` (-1 none) gets the given coordinate
 * wherever it applies. */
void parzen_sample(const struct parzen *parzen, struct rng *rng, int fixed, double fixed_u,
                   struct value *values, double *u);

/* ln of the density, up to a constant that is the same for all points. points: n_points x
 * n_dimensions. */
void parzen_log_densities(struct parzen *parzen, const double *points, int n_points, double *out);
#endif
