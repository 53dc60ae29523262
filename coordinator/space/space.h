/* space.h - what a study searches over: parameters, the distributions they are drawn from, and the
 * conditions under which they exist; with the maps between a point's values and a sampler's coordinates.
 *
 * A parameter has one or more guarded domains, of which at most one applies in a given point. Each domain
 * is one DIMENSION of the sampler, numbered through the whole space in order; a constant is a dimension
 * with one option. In a point, a dimension that does not apply is inactive.
 *
 * Coordinates (one double for each dimension, NaN: inactive):
 *   numeric      u in [0, 1]: affine, or affine in ln x for the log distributions; normal ones through their
 *                cumulative distribution function (so the prior is uniform in u for all of them)
 *   integer, q   m options: u is the centre (k + 0.5) / m of option k's cell. Log-quantised: cells are
 *                uneven, from ln(x - q/2) to ln(x + q/2), cut at the ends, scaled to [0, 1]
 *   categorical  the index of the option, 0 .. options-1
 * space_coordinates(space_values(u)) is exact in values: values are what is stored, and coordinates are
 * always computed from them, never kept, so that a restart sees the same history to the last bit. */
#ifndef SPACE_SPACE_H
#define SPACE_SPACE_H
#include "common/arena.h"
#include "common/rng.h"
#include "coordinator/space/value.h"

#include <stddef.h>

enum distribution {
    CONSTANT, CATEGORICAL, INT_UNIFORM, UNIFORM, Q_UNIFORM, LOG_UNIFORM_VALUES, Q_LOG_UNIFORM_VALUES,
    NORMAL, LOG_NORMAL,
    DISTRIBUTIONS
};
enum transform { TRANSFORM_NONE, ONE_MINUS, POW10 };

struct condition {     /* "parameter is one of values"; false while that parameter is inactive */
    int parameter;     /* index into space.parameters, always smaller than the conditioned one's */
    struct value *values;
    int n_values;
};

struct bounds { double lower, upper; bool lower_open, upper_open; }; /* infinite: none */

struct domain {
    enum distribution distribution;
    enum transform transform;
    double min, max, q;      /* before the transform; integers exact in a double (2^53) */
    double mu, sigma;
    bool integer;            /* values come out as VALUE_INTEGER: int_uniform, or a q domain of an integer setting */
    struct value *values;    /* constant, categorical */
    double *probabilities;   /* categorical; NULL: equal */
    int n_values;
    struct condition *conditions; /* all must hold */
    int n_conditions;
    struct bounds bounds;    /* of the setting, after the transform: what falls outside is drawn again */
};

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

const struct domain *space_dimension(const struct space *space, int dimension);

/* How many options a dimension has: 0 for a continuous one. */
int64_t domain_options(const struct domain *domain);

/* The k-th option of a finite domain. */
struct value domain_option(const struct domain *domain, int64_t k);

/* One value of a numeric domain at u in [0, 1], and back. domain_value rounds continuous values to 15
 * significant digits, so that they look the same in a spec, in JSON and in a table. NaN if the value at u
 * is outside the setting's bounds. */
struct value domain_value(const struct domain *domain, double u);
double domain_coordinate(const struct domain *domain, struct value value);

/* Draws one value from the domain's own distribution (the prior), bounds respected. */
struct value domain_draw(const struct domain *domain, struct rng *rng);

/* Draws a whole point from the prior; values has n_parameters entries. */
void space_draw(const struct space *space, struct rng *rng, struct value *values);

/* The coordinates of a point. */
void space_coordinates(const struct space *space, const struct value *values, double *u);

bool space_points_equal(const struct space *space, const struct value *a, const struct value *b);
uint64_t space_point_hash(const struct space *space, const struct value *values);

/* How many points there are: INT64_MAX if there is a continuous dimension (or more than fit). */
int64_t space_size(const struct space *space);

/* The k-th point of a finite space, 0 <= k < space_size: the first parameter turns slowest. */
void space_point(const struct space *space, int64_t k, struct value *values);

/* {"name": value, ...} without inactive parameters; new reference. And back: false with a sentence when the
 * object is no point of this space. Texts of the result are owned by the space (or the arena for constants). */
json_t *space_to_json(const struct space *space, const struct value *values);
bool space_from_json(const struct space *space, const json_t *object, struct value *values);
#endif
