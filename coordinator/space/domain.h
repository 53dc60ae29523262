/* domain.h - one distribution that a parameter is drawn from, and the maps between a value and a
 * sampler's coordinate u.
 *
 * Coordinates:
 *   continuous   u in [0, 1]: affine, or affine in ln x for the log distributions; normal ones
 *                through their cumulative distribution function (so the prior is uniform in u for
 *                all of them). [0, 1] is the part of the distribution that lies inside the
 *                setting's bounds
 *   integer, q   m options inside the bounds: u is the centre (k + 0.5) / m of option k's cell.
 *                Log-quantised: cells are uneven, from ln(x - q/2) to ln(x + q/2), cut at the
 *                ends, scaled to [0, 1]; u is again the centre of the cell
 *   categorical  the index of the option, 0 .. options-1, those of probability 0 not counted */
#ifndef SPACE_DOMAIN_H
#define SPACE_DOMAIN_H
#include "common/rng.h"
#include "coordinator/space/value.h"

enum distribution {
    CONSTANT, CATEGORICAL, INT_UNIFORM, UNIFORM, Q_UNIFORM, LOG_UNIFORM_VALUES,
    Q_LOG_UNIFORM_VALUES,
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
    bool integer;            /* values come out as VALUE_INTEGER: int_uniform, or q of an integer */
    struct value *values;    /* constant, categorical */
    double *probabilities;   /* categorical; NULL: equal */
    int n_values;
    struct condition *conditions; /* all must hold */
    int n_conditions;
    struct bounds bounds;    /* of the setting, after the transform: nothing outside is drawn */
};

/* A number x of the distribution as the value that a trial gets; 10^x may be infinite. */
double domain_transform(enum transform transform, double x);

/* Whether any value can be drawn: false when the bounds leave no option, or less than 1e-9 of the
 * distribution, or when many draws would be rounded to an open bound or be no double. Every other
 * function here may assume true; validation refuses the rest. */
bool domain_is_possible(const struct domain *domain);

bool domain_is_categorical(const struct domain *domain); /* or constant: u is an index */

/* How many options the domain has inside its bounds: 0 for a continuous one, and for a q so fine
 * that doubles cannot tell the options apart (more than 2^53). */
int64_t domain_options(const struct domain *domain);

/* Of a finite domain: the k-th option, the probability of each option in the prior (shares has
 * domain_options entries), and the cell of u that stands for option k (numeric domains only). */
struct value domain_option(const struct domain *domain, int64_t k);
void domain_shares(const struct domain *domain, double *shares);
void domain_cell(const struct domain *domain, int64_t k, double *low, double *high);

/* One value of a numeric domain at u in [0, 1], and back (also for categorical ones). domain_value
 * rounds continuous values to 15 significant digits, so that they look the same in a spec, in JSON
 * and in a table. NaN if the value at u is outside the setting's bounds, which is possible at open
 * bounds only, or is no double. */
struct value domain_value(const struct domain *domain, double u);
double domain_coordinate(const struct domain *domain, struct value value);

/* Draws one value from the domain's own distribution (the prior), bounds respected. */
struct value domain_draw(const struct domain *domain, struct rng *rng);

/* The option or number that a recorded value stands for, typed as this domain types it; VALUE_NONE
 * if the domain does not hold it. An integer is accepted where a real is meant, not the other way
 * round. */
struct value domain_accept(const struct domain *domain, struct value recorded);
#endif
