/* space.h - what a study searches over: parameters, the distributions they are drawn from, and the
 * conditions under which they exist; with the maps between a point's values and a sampler's
 * coordinates.
 *
 * A parameter has one or more guarded domains, of which at most one applies in a given point. Each
 * domain is one DIMENSION of the sampler, numbered through the whole space in order; a constant is
 * a dimension with one option. In a point, a dimension that does not apply is inactive.
 *
 * Coordinates are one double for each dimension (domain.h says which), NaN: inactive.
 * Values are what is stored; coordinates are always computed from values, never kept, so that a
 * restart sees the same history to the last bit. */
#ifndef SPACE_SPACE_H
#define SPACE_SPACE_H
#include "common/rng.h"
#include "coordinator/space/domain.h"

#include <stddef.h>

struct parameter {
    const char *name;
    struct domain *domains;
    int n_domains;
    int first_dimension;     /* of domains[0] */
};

struct space {
    struct parameter *parameters; /* in the order of the spec, parents of conditions first */
    int n_parameters;
    int n_dimensions;
};

/* A point is an array of n_parameters values; coordinates are an array of n_dimensions doubles. */

/* The domain of a parameter that applies, given the values of those before it; -1 none. */
int space_active_domain(const struct space *space, int parameter, const struct value *values);

/* Draws a whole point from the prior; values has n_parameters entries. */
void space_draw(const struct space *space, struct rng *rng, struct value *values);

/* The coordinates of a point, u[n_dimensions]; NaN where a domain does not apply. */
void space_coordinates(const struct space *space, const struct value *values, double *u);

bool space_points_equal(const struct space *space, const struct value *a, const struct value *b);
uint64_t space_point_hash(const struct space *space, const struct value *values);

/* How many points there are: INT64_MAX if there is a continuous dimension, if they do not fit, or
 * if the conditions tie so many parameters together that counting would take more than a million
 * steps (there are at least that many points then). */
int64_t space_size(const struct space *space);

/* The k-th point of a finite space, 0 <= k < space_size: the first parameter turns slowest. */
void space_point(const struct space *space, int64_t k, struct value *values);

/* {"name": value, ...} without inactive parameters; new reference. And back: false when the object
 * is no point of this space (a key missing or unknown, a value outside its domain). Texts of the
 * result are owned by the space. */
json_t *space_to_json(const struct space *space, const struct value *values);
bool space_from_json(const struct space *space, const json_t *object, struct value *values);
#endif
