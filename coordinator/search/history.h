/* history.h - what the samplers keep about a study's configurations, for their own use.
 *
 * Everything but values, states and results is derived from these and kept up to date as they
 * come, so that a suggestion costs the same order of work whenever it is asked for. */
#ifndef SEARCH_HISTORY_H
#define SEARCH_HISTORY_H
#include "coordinator/search/sampler.h"

struct parzen;

enum dimension_kind {
    DIMENSION_FIXED,       /* one option, or never there: nothing to learn, no column is kept */
    DIMENSION_CATEGORICAL,
    DIMENSION_CELLS,       /* numeric with few options: kernels are integrated over each cell */
    DIMENSION_FINE,        /* numeric with so many options that a kernel's density will do */
    DIMENSION_CONTINUOUS,
};
enum { CELLS_MAX = 32 };   /* options of a DIMENSION_CELLS */

struct dimension {
    const struct domain *domain;
    int parameter;
    enum dimension_kind kind;
    int64_t options;
    bool always;           /* applies in every point */
    bool is_named;         /* some condition depends on the parameter */
    double *share;         /* categorical: prior probability of each option */
    double *edges;         /* cells: options + 1 ends in [0, 1] */

    double *u;             /* the column: of each configuration; NaN inactive */
    int *sorted;           /* active configurations by (u, number) */
    int n_sorted;
    /* of each configuration: parzen.c's cache for kernels at the least width */
    double *narrow_shift;
    double *narrow_rows;   /* cells: likewise, options x options; NULL before first use */
};

struct history {
    const struct space *space;
    struct dimension *dimensions;
    int n_dimensions, n_parameters;
    bool is_conditional;               /* some dimension applies in some points only */

    int count, capacity;
    int n_columned, column_capacity;   /* configurations that the columns hold, and have room for */
    struct value *values;              /* count x n_parameters */
    enum observation_state *states;
    double *results;
    int *ranked;                       /* finished configurations by (result, number) */
    int n_ranked;

    int64_t size;                      /* space_size */
    int *slots;                        /* open addressing by point hash; -1 free */
    size_t n_slots;                    /* a power of two */
    struct parzen *good, *bad;         /* tpe.c's, kept for their memory alone */
};

/* Brings the columns of the dimensions up to date: whoever reads them calls this first. */
void history_fill_columns(struct history *history);

bool history_has(const struct history *history, const struct value *values);

/* A point of the prior that the history does not have; false when the space holds none. */
bool random_point(const struct space *space, const struct history *history, struct rng *rng,
                  struct value *values);
/* The first point at or after number `from`, wrapping around, that the history does not have. */
bool next_free_point(const struct space *space, const struct history *history, int64_t from,
                     struct value *values);

bool tpe_suggest(const struct space *space, struct history *history, struct rng *rng,
                 struct value *values);
bool random_suggest(const struct space *space, struct history *history, struct rng *rng,
                    struct value *values);
bool grid_suggest(const struct space *space, struct history *history, struct rng *rng,
                  struct value *values);
#endif
