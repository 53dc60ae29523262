/* Bergstra et al. 2011, with the product kernels of Falkner et al. 2018 and bandwidths of our own
 * measuring: each kernel is as wide as the larger gap to its neighbours, at least 0.03 (or, in a
 * group of fewer than four, (n + 2)^-2) of the range. */
#include "coordinator/search/parzen.h"
#include "common/dmath.h"
#include "common/xalloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_WIDTH   0.03
#define INVERSE_SQRT2 0.70710678118654752440
#define LN_SQRT_2PI   0.91893853320467274178

enum {
    LANES = 2,
    BLOCK = 128,    /* kernels whose columns fit into the nearest cache */
    NEGLIGIBLE = 40 /* a term e^-40 of the largest changes no digit that a choice depends on */
};
typedef double lanes __attribute__((vector_size(LANES * sizeof(double)), may_alias));

/* One dimension of all kernels. Kernel k of a numeric dimension has log density
 *     shift[k] - ((u - mu[k]) * scale[k])^2
 * and a kernel without the dimension has zeros. Of the others, `row` says which row of a table of
 * options is the kernel's. */
struct factor {
    double *mu, *width, *scale, *shift; /* scale = 1 / (width sqrt 2) */
    double *below, *inside;             /* the normal's masses; inside NaN: not known yet */
    int *row;                           /* as in enum row_number below */
    double *wide_rows;                  /* cells: rows of kernels wider than the least width */
    int n_wide;
    size_t wide_capacity;
    int n_active; /* kernels with this dimension, without the prior */
};

struct parzen {
    struct history *history;
    int n;      /* kernels without the prior */
    int padded; /* with the prior, and up to whole lanes */
    int capacity;
    const int *members; /* lent for the time of parzen_build */
    double *weight;     /* n + 1 */
    double weight_sum;
    double *base; /* ln weight and the shifts of dimensions that always apply */
    int *place;   /* of each configuration: its kernel, or -1 */
    int *order;   /* kernels sorted along the dimension at hand */
    size_t place_capacity;
    struct factor *factors;
    int n_factors;
    double *columns; /* of the points at hand: their option's column of each table */
    size_t columns_capacity;
};

/* Rows of a table of options, as offsets from its number of options m: row 0 .. m-1 are the
 * kernels of the least width (or the categorical ones) at that option. */
enum row_number { ROW_INACTIVE, ROW_PRIOR, ROW_WIDE };

struct parzen *parzen_create(void)
{
    return xcalloc(1, sizeof(struct parzen));
}

void parzen_destroy(struct parzen **parzen)
{
    struct parzen *p = *parzen;
    if (p == NULL)
        return;
    for (int d = 0; d < p->n_factors; d++) {
        struct factor *factor = &p->factors[d];
        free(factor->mu);
        free(factor->width);
        free(factor->scale);
        free(factor->shift);
        free(factor->below);
        free(factor->inside);
        free(factor->row);
        free(factor->wide_rows);
    }
    free(p->factors);
    free(p->weight);
    free(p->base);
    free(p->place);
    free(p->order);
    free(p->columns);
    free(p);
    *parzen = NULL;
}

static bool is_table(const struct dimension *dimension)
{
    return dimension->kind == DIMENSION_CATEGORICAL || dimension->kind == DIMENSION_CELLS;
}

static bool is_numeric(const struct dimension *dimension)
{
    return dimension->kind != DIMENSION_CATEGORICAL && dimension->kind != DIMENSION_FIXED;
}

/* ---- kernels ---- */

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* A normal's mass in [0, 1], and below. */
static double mass_inside(double mu, double width, double *below)
{
    *below = dm_normal_cdf(-mu / width);
    return 1 - *below - dm_normal_cdf((mu - 1) / width);
}

/* ln of (the kernel's mass in each cell / the cell's share of the prior). Below its centre a
 * kernel's mass is a difference of lower tails, above it of upper ones: that keeps the digits of
 * what is far away. */
static void fill_row(const struct dimension *dimension, double mu, double width, double *row)
{
    double tail, low = dimension->edges[0], inside = dm_log(mass_inside(mu, width, &tail));
    for (int64_t k = 0; k < dimension->options; k++) {
        double high = dimension->edges[k + 1], mass;
        double beyond = dm_normal_cdf((high < mu ? high - mu : mu - high) / width);
        if (high < mu)
            mass = beyond - tail;
        else
            mass = low < mu ? 1 - tail - beyond : tail - beyond;
        row[k] = dm_log(larger(mass, 0) / (high - low)) - inside;
        low = high;
        tail = beyond;
    }
}

static void fill_narrow_rows(struct dimension *dimension)
{
    int64_t m = dimension->options;
    dimension->narrow_rows = xcalloc((size_t)(m * m), sizeof *dimension->narrow_rows);
    for (int64_t k = 0; k < m; k++) {
        double centre = dimension->edges[k] + (dimension->edges[k + 1] - dimension->edges[k]) / 2;
        fill_row(dimension, centre, LEAST_WIDTH, dimension->narrow_rows + k * m);
    }
}

static int option_of(const struct dimension *dimension, double u)
{
    if (dimension->kind == DIMENSION_CATEGORICAL)
        return (int)u;
    int low = 0, high = (int)dimension->options - 1;
    while (low < high) {
        int middle = (low + high + 1) / 2;
        if (dimension->edges[middle] <= u)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static int add_wide_row(struct factor *factor, const struct dimension *dimension, double mu,
                        double width)
{
    size_t m = (size_t)dimension->options, needed = (size_t)(factor->n_wide + 1) * m;
    if (needed > factor->wide_capacity) {
        factor->wide_capacity = needed * 2;
        factor->wide_rows =
            xrealloc_array(factor->wide_rows, factor->wide_capacity, sizeof *factor->wide_rows);
    }
    fill_row(dimension, mu, width, factor->wide_rows + (size_t)factor->n_wide * m);
    return (int)m + ROW_WIDE + factor->n_wide++;
}

/* configuration -1: the prior's kernel. */
static void set_numeric(struct parzen *p, int d, int kernel, int configuration, double mu,
                        double width)
{
    struct dimension *dimension = &p->history->dimensions[d];
    struct factor *factor = &p->factors[d];
    bool narrow = configuration >= 0 && width == LEAST_WIDTH;
    factor->mu[kernel] = mu;
    factor->width[kernel] = width;
    if (dimension->kind == DIMENSION_CELLS) {
        if (narrow && dimension->narrow_rows == NULL)
            fill_narrow_rows(dimension);
        factor->row[kernel] =
            narrow ? option_of(dimension, mu) : add_wide_row(factor, dimension, mu, width);
        factor->inside[kernel] = NAN;
        return;
    }
    factor->scale[kernel] = INVERSE_SQRT2 / width;
    factor->inside[kernel] = NAN;
    double shift = narrow ? dimension->narrow_shift[configuration] : NAN;
    if (isnan(shift)) {
        factor->inside[kernel] = mass_inside(mu, width, &factor->below[kernel]);
        shift = -dm_log(width * factor->inside[kernel]) - LN_SQRT_2PI;
    }
    if (narrow)
        dimension->narrow_shift[configuration] = shift;
    factor->shift[kernel] = shift;
}

/* The kernels that have dimension d, sorted along it; returns how many. */
static int sort_kernels(struct parzen *p, int d)
{
    const struct dimension *dimension = &p->history->dimensions[d];
    int n = 0;
    for (int i = 0; i < dimension->n_sorted; i++) {
        int kernel = p->place[dimension->sorted[i]];
        if (kernel >= 0)
            p->order[n++] = kernel;
    }
    return n;
}

static void build_numeric(struct parzen *p, int d)
{
    const double *u = p->history->dimensions[d].u;
    int n = sort_kernels(p, d);
    double least = larger(LEAST_WIDTH, 1.0 / ((n + 2.0) * (n + 2.0)));
    for (int i = 0; i < n; i++) {
        int configuration = p->members[p->order[i]];
        double mu = u[configuration], width = n == 1 ? larger(mu, 1 - mu) : 0;
        if (i > 0)
            width = larger(width, mu - u[p->members[p->order[i - 1]]]);
        if (i < n - 1)
            width = larger(width, u[p->members[p->order[i + 1]]] - mu);
        set_numeric(p, d, p->order[i], configuration, mu, smaller(larger(width, least), 1));
    }
    set_numeric(p, d, p->n, -1, 0.5, 1);
    p->factors[d].n_active = n;
}

static void build_categorical(struct parzen *p, int d)
{
    const struct dimension *dimension = &p->history->dimensions[d];
    struct factor *factor = &p->factors[d];
    for (int k = 0; k < p->n; k++) {
        double u = dimension->u[p->members[k]];
        if (isnan(u))
            continue;
        factor->row[k] = (int)u;
        factor->n_active++;
    }
    factor->row[p->n] = (int)dimension->options + ROW_PRIOR;
}

/* ---- building ---- */

static void reserve(struct parzen *p, struct history *history)
{
    if (p->factors == NULL) {
        p->n_factors = history->n_dimensions;
        p->factors = xcalloc((size_t)p->n_factors, sizeof *p->factors);
    }
    if (p->place_capacity < (size_t)history->capacity) {
        p->place_capacity = (size_t)history->capacity;
        p->place = xrealloc_array(p->place, p->place_capacity, sizeof *p->place);
        p->order = xrealloc_array(p->order, p->place_capacity, sizeof *p->order);
    }
    if (p->padded <= p->capacity)
        return;
    p->capacity = p->padded * 2;
    size_t count = (size_t)p->capacity;
    p->weight = xrealloc_array(p->weight, count, sizeof *p->weight);
    p->base = xrealloc_array(p->base, count, sizeof *p->base);
    for (int d = 0; d < p->n_factors; d++) {
        struct factor *factor = &p->factors[d];
        factor->mu = xrealloc_array(factor->mu, count, sizeof *factor->mu);
        factor->width = xrealloc_array(factor->width, count, sizeof *factor->width);
        factor->scale = xrealloc_array(factor->scale, count, sizeof *factor->scale);
        factor->shift = xrealloc_array(factor->shift, count, sizeof *factor->shift);
        factor->below = xrealloc_array(factor->below, count, sizeof *factor->below);
        factor->inside = xrealloc_array(factor->inside, count, sizeof *factor->inside);
        factor->row = xrealloc_array(factor->row, count, sizeof *factor->row);
    }
}

/* As if no kernel had the dimension. */
static void clear_factor(struct parzen *p, int d)
{
    struct factor *factor = &p->factors[d];
    const struct dimension *dimension = &p->history->dimensions[d];
    size_t bytes = (size_t)p->padded * sizeof(double);
    factor->n_wide = 0;
    factor->n_active = 0;
    if (is_numeric(dimension)) {
        memset(factor->mu, 0, bytes);
        memset(factor->width, 0, bytes);
        memset(factor->scale, 0, bytes);
        memset(factor->shift, 0, bytes);
    }
    if (is_table(dimension))
        for (int k = 0; k < p->padded; k++)
            factor->row[k] = (int)dimension->options + ROW_INACTIVE;
}

static void set_base(struct parzen *p, const double *weights)
{
    p->weight_sum = 0;
    for (int k = 0; k < p->padded; k++) {
        p->weight[k] = k < p->n ? weights[k] : k == p->n ? 1 : 0;
        p->weight_sum += p->weight[k];
        p->base[k] = p->weight[k] > 0 ? dm_log(p->weight[k]) : -INFINITY;
    }
    double log_sum = dm_log(p->weight_sum);
    for (int k = 0; k < p->padded; k++)
        p->base[k] -= log_sum;
    for (int d = 0; d < p->n_factors; d++) {
        const struct dimension *dimension = &p->history->dimensions[d];
        if (dimension->always && is_numeric(dimension) && !is_table(dimension))
            for (int k = 0; k <= p->n; k++)
                p->base[k] += p->factors[d].shift[k];
    }
}

void parzen_build(struct parzen *p, struct history *history, const int *members, int n_members,
                  const double *weights)
{
    p->history = history;
    p->n = n_members;
    p->padded = (n_members + 1 + LANES - 1) / LANES * LANES;
    p->members = members;
    reserve(p, history);
    memset(p->place, 0xff, (size_t)history->count * sizeof *p->place);
    for (int k = 0; k < n_members; k++)
        p->place[members[k]] = k;
    for (int d = 0; d < p->n_factors; d++) {
        clear_factor(p, d);
        if (history->dimensions[d].kind == DIMENSION_CATEGORICAL)
            build_categorical(p, d);
        else if (history->dimensions[d].kind != DIMENSION_FIXED)
            build_numeric(p, d);
    }
    set_base(p, weights);
    p->members = NULL;
}

/* ---- sampling ---- */

static bool kernel_has(const struct parzen *p, int d, int kernel)
{
    const struct dimension *dimension = &p->history->dimensions[d];
    if (dimension->kind == DIMENSION_CATEGORICAL)
        return p->factors[d].row[kernel] != dimension->options + ROW_INACTIVE;
    return p->factors[d].width[kernel] > 0;
}

/* A kernel in proportion to the weights, among those that have dimension d (-1: all of them). */
static int draw_kernel(const struct parzen *p, struct rng *rng, int d)
{
    double sum = 0;
    for (int k = 0; k <= p->n; k++)
        sum += d < 0 || kernel_has(p, d, k) ? p->weight[k] : 0;
    double left = rng_uniform(rng) * sum;
    for (int k = 0; k < p->n; k++) {
        left -= d < 0 || kernel_has(p, d, k) ? p->weight[k] : 0;
        if (left < 0)
            return k;
    }
    return p->n;
}

/* A normal cut to [0, 1] by its inverse distribution function. */
static double draw_numeric(const struct factor *factor, int kernel, struct rng *rng)
{
    double mu = factor->mu[kernel], width = factor->width[kernel];
    double below = factor->below[kernel], inside = factor->inside[kernel];
    if (isnan(inside))
        inside = mass_inside(mu, width, &below);
    double u = mu + width * dm_normal_quantile(below + rng_uniform(rng) * inside);
    return u > 0 ? u < 1 ? u : 1 : 0;
}

/* The noise of categorical kernels: as one trial of the prior among n + 1, spread over the
 * options. */
static double noise_of(const struct factor *factor, const struct dimension *dimension)
{
    double weight = (double)dimension->options / (factor->n_active + 1.0);
    return weight / (1 + weight);
}

static double draw_option(const struct factor *factor, const struct dimension *dimension,
                          int kernel, struct rng *rng)
{
    bool prior = factor->row[kernel] >= dimension->options;
    double noise = prior ? 1 : noise_of(factor, dimension);
    double drawn = rng_uniform(rng);
    if (drawn >= noise)
        return factor->row[kernel];
    double left = drawn / noise;
    for (int64_t option = 0; option < dimension->options; option++) {
        left -= dimension->share[option];
        if (left < 0)
            return (double)option;
    }
    return (double)(dimension->options - 1);
}

/* u moved to the centre of its option's cell. */
static double snap(const struct dimension *dimension, double u)
{
    if (dimension->kind == DIMENSION_CONTINUOUS)
        return u;
    return domain_coordinate(dimension->domain, domain_value(dimension->domain, u));
}

static double draw_dimension(const struct parzen *p, struct rng *rng, int d, int kernel)
{
    const struct dimension *dimension = &p->history->dimensions[d];
    const struct factor *factor = &p->factors[d];
    if (dimension->kind == DIMENSION_FIXED)
        return 0;
    if (!kernel_has(p, d, kernel))
        kernel = draw_kernel(p, rng, d);
    if (dimension->kind == DIMENSION_CATEGORICAL)
        return draw_option(factor, dimension, kernel, rng);
    return snap(dimension, draw_numeric(factor, kernel, rng));
}

static struct value named_value(const struct dimension *dimension, double u)
{
    if (dimension->kind == DIMENSION_FIXED || dimension->kind == DIMENSION_CATEGORICAL)
        return domain_option(dimension->domain, (int64_t)u);
    return domain_value(dimension->domain, u);
}

void parzen_sample(const struct parzen *p, struct rng *rng, int fixed, double fixed_u,
                   struct value *values, double *u)
{
    const struct space *space = p->history->space;
    int kernel = draw_kernel(p, rng, -1);
    for (int d = 0; d < p->n_factors; d++)
        u[d] = NAN;
    for (int i = 0; i < space->n_parameters; i++) {
        values[i] = (struct value){ .type = VALUE_NONE };
        int active = space_active_domain(space, i, values);
        if (active < 0)
            continue;
        int d = space->parameters[i].first_dimension + active;
        u[d] = d == fixed ? fixed_u : draw_dimension(p, rng, d, kernel);
        if (p->history->dimensions[d].is_named)
            values[i] = named_value(&p->history->dimensions[d], u[d]);
    }
}

/* ---- the density ---- */

static int table_rows(const struct parzen *p, int d)
{
    return (int)p->history->dimensions[d].options + ROW_WIDE + p->factors[d].n_wide;
}

/* The logs of what every row has at the point's option. */
static void fill_column(const struct parzen *p, int d, double u, double *column)
{
    const struct dimension *dimension = &p->history->dimensions[d];
    const struct factor *factor = &p->factors[d];
    int m = (int)dimension->options, option = option_of(dimension, u);
    column[m + ROW_INACTIVE] = 0;
    column[m + ROW_PRIOR] = 0;
    if (dimension->kind == DIMENSION_CATEGORICAL) {
        double noise = noise_of(factor, dimension), other = dm_log(noise);
        for (int r = 0; r < m; r++)
            column[r] = other;
        column[option] = dm_log((1 - noise) / dimension->share[option] + noise);
        return;
    }
    for (int r = 0; r < m; r++)
        column[r] = dimension->narrow_rows != NULL ? dimension->narrow_rows[r * m + option] : 0;
    for (int r = 0; r < factor->n_wide; r++)
        column[m + ROW_WIDE + r] = factor->wide_rows[r * m + option];
}

static void add_normal(double *sum, const double *mu, const double *scale, double u, int count)
{
    for (int k = 0; k < count; k += LANES) {
        lanes distance = (u - *(const lanes *)(mu + k)) * *(const lanes *)(scale + k);
        *(lanes *)(sum + k) -= distance * distance;
    }
}

static void add_each(double *sum, const double *terms, int count)
{
    for (int k = 0; k < count; k += LANES)
        *(lanes *)(sum + k) += *(const lanes *)(terms + k);
}

/* ln of each kernel of a block at one point. columns: the point's. */
static void block_terms(const struct parzen *p, int start, int count, const double *point,
                        const double *columns, double *sum)
{
    memcpy(sum, p->base + start, (size_t)count * sizeof *sum);
    for (int d = 0; d < p->n_factors; d++) {
        const struct dimension *dimension = &p->history->dimensions[d];
        const struct factor *factor = &p->factors[d];
        if (is_table(dimension)) {
            if (!isnan(point[d]))
                for (int k = 0; k < count; k++)
                    sum[k] += columns[factor->row[start + k]];
            columns += table_rows(p, d);
        } else if (dimension->kind != DIMENSION_FIXED && !isnan(point[d])) {
            add_normal(sum, factor->mu + start, factor->scale + start, point[d], count);
            if (!dimension->always)
                add_each(sum, factor->shift + start, count);
        }
    }
}

/* A running ln(sum of exp): the largest exponent so far, and the sum relative to it. */
struct log_sum {
    double largest, sum;
};

static void log_sum_add(struct log_sum *total, double *terms, int count)
{
    double largest = total->largest;
    for (int k = 0; k < count; k++)
        largest = terms[k] > largest ? terms[k] : largest;
    if (largest > total->largest) {
        total->sum *= dm_exp(total->largest - largest);
        total->largest = largest;
    }
    int kept = 0;
    for (int k = 0; k < count; k++) {
        terms[kept] = terms[k] - largest;
        kept += terms[k] - largest > -NEGLIGIBLE;
    }
    dm_exp_each(terms, (size_t)kept);
    for (int k = 0; k < kept; k++)
        total->sum += terms[k];
}

static size_t prepare_columns(struct parzen *p, const double *points, int n_points)
{
    size_t rows = 0;
    for (int d = 0; d < p->n_factors; d++)
        rows += is_table(&p->history->dimensions[d]) ? (size_t)table_rows(p, d) : 0;
    if (p->columns == NULL || rows * (size_t)n_points > p->columns_capacity) {
        p->columns_capacity = rows * (size_t)n_points * 2;
        p->columns = xrealloc_array(p->columns, p->columns_capacity, sizeof *p->columns);
    }
    double *column = p->columns;
    for (int i = 0; i < n_points; i++)
        for (int d = 0; d < p->n_factors; d++)
            if (is_table(&p->history->dimensions[d])) {
                double u = points[(size_t)i * (size_t)p->n_factors + (size_t)d];
                if (!isnan(u))
                    fill_column(p, d, u, column);
                column += table_rows(p, d);
            }
    return rows;
}

void parzen_log_densities(struct parzen *p, const double *points, int n_points, double *out)
{
    double terms[BLOCK] __attribute__((aligned(16)));
    struct log_sum *totals = xcalloc((size_t)n_points, sizeof *totals);
    size_t rows = prepare_columns(p, points, n_points);
    for (int i = 0; i < n_points; i++)
        totals[i].largest = -INFINITY;
    for (int start = 0; start < p->padded; start += BLOCK) {
        int count = p->padded - start < BLOCK ? p->padded - start : BLOCK;
        for (int i = 0; i < n_points; i++) {
            block_terms(p, start, count, points + (size_t)i * (size_t)p->n_factors,
                        p->columns + (size_t)i * rows, terms);
            log_sum_add(&totals[i], terms, count);
        }
    }
    for (int i = 0; i < n_points; i++)
        out[i] = totals[i].largest + dm_log(totals[i].sum);
    free(totals);
}
