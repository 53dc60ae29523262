/* A numeric value x goes through three scales, each a monotone map of the one before:
 *     u in [0, 1]  --affine-->  line  --exp, or mu + sigma quantile-->  x  --transform-->  value
 * The line is cut where the setting's bounds are, so all of [0, 1] is legal (but open ends). */
#include "coordinator/space/domain.h"
#include "common/dmath.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define LN_10          2.302585092994045684
#define EXACT_INTEGERS 9007199254740992.0 /* 2^53 */

bool domain_is_categorical(const struct domain *domain)
{
    return domain->distribution == CONSTANT || domain->distribution == CATEGORICAL;
}

static bool is_log(const struct domain *domain)
{
    return domain->distribution == LOG_UNIFORM_VALUES ||
           domain->distribution == Q_LOG_UNIFORM_VALUES || domain->distribution == LOG_NORMAL;
}

static bool is_normal(const struct domain *domain)
{
    return domain->distribution == NORMAL || domain->distribution == LOG_NORMAL;
}

static bool is_quantised(const struct domain *domain)
{
    return domain->distribution == INT_UNIFORM || domain->distribution == Q_UNIFORM ||
           domain->distribution == Q_LOG_UNIFORM_VALUES;
}

/* What a person would write: 0.3, not 0.30000000000000004. */
static double round_15_digits(double x)
{
    char text[40];
    if (!isfinite(x))
        return x;
    snprintf(text, sizeof text, "%.15g", x);
    return strtod(text, NULL);
}

static bool below(const struct bounds *bounds, double value)
{
    return bounds->lower_open ? value <= bounds->lower : value < bounds->lower;
}

static bool above(const struct bounds *bounds, double value)
{
    return bounds->upper_open ? value >= bounds->upper : value > bounds->upper;
}

/* ---- transforms ---- */

/* 10^x: the whole part as the decimal that it is, so that pow10 of 3 is 1000. */
static double power_of_ten(double x)
{
    char power[16];
    if (!(x > -400))
        return 0;
    if (x > 400)
        return INFINITY;
    int whole = (int)(x < 0 ? x - 0.5 : x + 0.5);
    snprintf(power, sizeof power, "1e%d", whole);
    return dm_exp((x - whole) * LN_10) * strtod(power, NULL);
}

double domain_transform(enum transform transform, double x)
{
    return transform == ONE_MINUS ? 1 - x : transform == POW10 ? power_of_ten(x) : x;
}

static double untransformed(enum transform transform, double value)
{
    return transform == ONE_MINUS ? 1 - value : transform == POW10 ? dm_log(value) / LN_10 : value;
}

/* The bounds as bounds of x. */
static void bounds_of_x(const struct domain *domain, double *low, double *high)
{
    double lower = domain->bounds.lower, upper = domain->bounds.upper;
    if (domain->transform == POW10) /* of nothing below 0 is there a logarithm */
        lower = lower > 0 ? lower : 0;
    double a = untransformed(domain->transform, lower), b = untransformed(domain->transform, upper);
    *low = a < b ? a : b;
    *high = a < b ? b : a;
}

/* ---- options of integer and quantised domains ---- */

static double step_of(const struct domain *domain)
{
    return domain->distribution == INT_UNIFORM ? 1 : domain->q;
}

/* The k-th multiple, whether or not the bounds allow it. */
static double multiple(const struct domain *domain, double k)
{
    double x = domain->min + k * step_of(domain);
    return domain->distribution == INT_UNIFORM ? x : domain->integer ? rint(x) : round_15_digits(x);
}

struct multiples { /* the legal ones */
    double first, count;
};

static struct multiples legal_multiples(const struct domain *domain)
{
    const struct bounds *bounds = &domain->bounds;
    double step = step_of(domain), last = floor((domain->max - domain->min) / step), first = 0;
    if (last < EXACT_INTEGERS && multiple(domain, last + 1) <= domain->max)
        last++; /* (0.3 - 0) / 0.1 is a little less than 3 */
    if (bounds->lower > domain->min)
        first = fmax(0, floor((bounds->lower - domain->min) / step) - 1);
    if (bounds->upper < domain->max)
        last = fmin(last, floor((bounds->upper - domain->min) / step) + 1);
    for (int i = 0; i < 4 && first <= last && below(bounds, multiple(domain, first)); i++)
        first++;
    for (int i = 0; i < 4 && first <= last && above(bounds, multiple(domain, last)); i++)
        last--;
    return (struct multiples){ first, last < first ? 0 : last - first + 1 };
}

/* Whether the multiples are few enough to be told apart. */
static bool has_options(const struct domain *domain, struct multiples *legal)
{
    if (!is_quantised(domain))
        return false;
    *legal = legal_multiples(domain);
    return legal->count <= EXACT_INTEGERS;
}

static double option_number(const struct domain *domain, const struct multiples *legal, double k)
{
    return multiple(domain, legal->first + k);
}

/* The edge of a log-quantised domain's cells below option k; k = count is the upper end. */
static double log_edge(const struct domain *domain, const struct multiples *legal, double k)
{
    if (k >= legal->count)
        return dm_log(
            fmin(option_number(domain, legal, legal->count - 1) + domain->q / 2, domain->max));
    return dm_log(fmax(option_number(domain, legal, k) - domain->q / 2, domain->min));
}

/* ---- the line ---- */

/* A stretch of the line. Normal: in standard deviations from the mean, as probabilities; mirrored
 * where the stretch is above the mean, because the lower tail keeps its digits and the upper one
 * does not. */
struct line {
    double low, high;
    bool mirrored;
};

static double standardised(const struct domain *domain, double x)
{
    if (domain->distribution == LOG_NORMAL)
        x = x > 0 ? dm_log(x) : -INFINITY;
    return (x - domain->mu) / domain->sigma;
}

static struct line normal_line(const struct domain *domain)
{
    double low, high;
    bounds_of_x(domain, &low, &high);
    low = standardised(domain, low);
    high = standardised(domain, high);
    if (low > 0)
        return (struct line){ dm_normal_cdf(-high), dm_normal_cdf(-low), true };
    return (struct line){ dm_normal_cdf(low), dm_normal_cdf(high), false };
}

static struct line line_of(const struct domain *domain)
{
    if (is_normal(domain))
        return normal_line(domain);
    double low, high;
    bounds_of_x(domain, &low, &high);
    low = fmax(low, domain->min);
    high = fmin(high, domain->max);
    return is_log(domain) ? (struct line){ dm_log(low), dm_log(high), false }
                          : (struct line){ low, high, false };
}

/* a + u (b - a), also where b - a is more than a double holds. */
static double between(double a, double b, double u)
{
    double x = a * (1 - u) + b * u;
    return x < a ? a : x > b ? b : x;
}

static double x_at(const struct domain *domain, const struct line *line, double u)
{
    double place = between(line->low, line->high, line->mirrored ? 1 - u : u);
    if (is_normal(domain)) {
        double z = dm_normal_quantile(fmin(fmax(place, 0x1p-1000), 1 - 0x1p-53));
        place = domain->mu + domain->sigma * (line->mirrored ? -z : z);
    }
    return is_log(domain) ? dm_exp(place) : place;
}

static double u_at(const struct domain *domain, const struct line *line, double x)
{
    double place = x;
    if (is_normal(domain)) {
        double z = standardised(domain, x);
        place = dm_normal_cdf(line->mirrored ? -z : z);
    } else if (is_log(domain)) {
        place = x > 0 ? dm_log(x) : line->low;
    }
    double half_width = line->high / 2 - line->low / 2;
    double u = half_width > 0 ? (place / 2 - line->low / 2) / half_width : 0.5;
    u = u > 0 ? u < 1 ? u : 1 : 0;
    return line->mirrored ? 1 - u : u;
}

/* Rounded, and not past an end for having been rounded. */
static double tidy(const struct domain *domain, double x)
{
    double value = round_15_digits(domain_transform(domain->transform, x));
    if (!is_normal(domain)) {
        double a = domain_transform(domain->transform, domain->min);
        double b = domain_transform(domain->transform, domain->max);
        value = fmin(fmax(value, fmin(a, b)), fmax(a, b));
    }
    const struct bounds *bounds = &domain->bounds;
    if (value < bounds->lower && !bounds->lower_open)
        value = bounds->lower;
    if (value > bounds->upper && !bounds->upper_open)
        value = bounds->upper;
    return value;
}

/* ---- the contract ---- */

static double probability(const struct domain *domain, int64_t option)
{
    return domain->probabilities != NULL ? domain->probabilities[option] : 1.0;
}

static double probability_sum(const struct domain *domain)
{
    if (domain->probabilities == NULL)
        return domain->n_values;
    double sum = 0;
    for (int i = 0; i < domain->n_values; i++)
        sum += domain->probabilities[i];
    return sum;
}

int64_t domain_options(const struct domain *domain)
{
    struct multiples legal;
    if (!domain_is_categorical(domain))
        return has_options(domain, &legal) ? (int64_t)legal.count : 0;
    int64_t options = 0;
    for (int i = 0; i < domain->n_values; i++)
        options += probability(domain, i) > 0;
    return options;
}

static struct value number_value(const struct domain *domain, double number)
{
    if (domain->integer)
        return (struct value){ VALUE_INTEGER, { .integer = (int64_t)number } };
    return (struct value){ VALUE_REAL, { .real = number == 0 ? 0 : number } }; /* no -0 */
}

/* Where the k-th option of positive probability stands among the values. */
static int64_t categorical_place(const struct domain *domain, int64_t k)
{
    if (domain->probabilities == NULL)
        return k;
    for (int i = 0; i < domain->n_values; i++)
        if (probability(domain, i) > 0 && k-- == 0)
            return i;
    assert(!"an option that the domain does not have");
    return 0;
}

struct value domain_option(const struct domain *domain, int64_t k)
{
    struct multiples legal;
    if (domain_is_categorical(domain))
        return domain->values[categorical_place(domain, k)];
    bool finite = has_options(domain, &legal);
    assert(finite && k >= 0 && (double)k < legal.count);
    (void)finite;
    return number_value(domain, option_number(domain, &legal, (double)k));
}

void domain_cell(const struct domain *domain, int64_t k, double *low, double *high)
{
    struct multiples legal;
    bool finite = has_options(domain, &legal);
    assert(finite && k >= 0 && (double)k < legal.count);
    (void)finite;
    *low = (double)k / legal.count;
    *high = (double)(k + 1) / legal.count;
    if (is_log(domain)) {
        double start = log_edge(domain, &legal, 0), end = log_edge(domain, &legal, legal.count);
        *low = (log_edge(domain, &legal, (double)k) - start) / (end - start);
        *high = (log_edge(domain, &legal, (double)k + 1) - start) / (end - start);
    }
}

void domain_shares(const struct domain *domain, double *shares)
{
    if (domain_is_categorical(domain)) {
        double sum = probability_sum(domain);
        for (int i = 0; i < domain->n_values; i++)
            if (probability(domain, i) > 0)
                *shares++ = probability(domain, i) / sum;
        return;
    }
    int64_t options = domain_options(domain);
    for (int64_t k = 0; k < options; k++) {
        double low, high;
        domain_cell(domain, k, &low, &high);
        shares[k] = high - low;
    }
}

/* The option whose cell holds u. */
static double option_at(const struct domain *domain, const struct multiples *legal, double u)
{
    double k = floor(u * legal->count);
    if (is_log(domain)) {
        double start = log_edge(domain, legal, 0), end = log_edge(domain, legal, legal->count);
        k = rint((dm_exp(between(start, end, u)) - domain->min) / domain->q) - legal->first;
    }
    return fmin(fmax(k, 0), legal->count - 1);
}

struct value domain_value(const struct domain *domain, double u)
{
    struct multiples legal;
    if (has_options(domain, &legal))
        return number_value(domain, option_number(domain, &legal, option_at(domain, &legal, u)));
    struct line line = line_of(domain);
    double value = tidy(domain, x_at(domain, &line, u));
    bool illegal =
        !isfinite(value) || below(&domain->bounds, value) || above(&domain->bounds, value);
    if (domain->integer && !illegal)
        return number_value(domain, rint(value));
    return illegal ? (struct value){ VALUE_REAL, { .real = NAN } } : number_value(domain, value);
}

/* Whether the middle half of the draws can be had: values at an open bound, or beyond what a double
 * holds, cannot, and rounding may take a whole range there. */
static bool is_drawn(const struct domain *domain)
{
    return !isnan(value_number(domain_value(domain, 0.25))) &&
           !isnan(value_number(domain_value(domain, 0.75)));
}

bool domain_is_possible(const struct domain *domain)
{
    struct multiples legal;
    if (domain_is_categorical(domain))
        return domain_options(domain) > 0;
    if (has_options(domain, &legal))
        return legal.count > 0;
    struct line line = line_of(domain);
    if (is_normal(domain))
        return line.high - line.low >= 1e-9 && is_drawn(domain);
    return line.high > line.low && is_drawn(domain);
}

static double categorical_coordinate(const struct domain *domain, struct value value)
{
    int k = 0;
    for (int i = 0; i < domain->n_values; i++) {
        if (probability(domain, i) > 0 && value_equal(domain->values[i], value))
            return k;
        k += probability(domain, i) > 0;
    }
    return NAN;
}

double domain_coordinate(const struct domain *domain, struct value value)
{
    struct multiples legal;
    if (domain_is_categorical(domain))
        return categorical_coordinate(domain, value);
    double number = value_number(value);
    if (!has_options(domain, &legal)) {
        struct line line = line_of(domain);
        return u_at(domain, &line, untransformed(domain->transform, number));
    }
    double k = rint((number - domain->min) / step_of(domain)) - legal.first;
    k = fmin(fmax(k, 0), legal.count - 1);
    if (!is_log(domain))
        return (k + 0.5) / legal.count;
    double low, high;
    domain_cell(domain, (int64_t)k, &low, &high);
    return low + (high - low) / 2;
}

static struct value categorical_draw(const struct domain *domain, struct rng *rng)
{
    if (domain->n_values == 1)
        return domain->values[0];
    double left = rng_uniform(rng) * probability_sum(domain);
    int drawn = 0;
    for (int i = 0; i < domain->n_values && left >= 0; i++) {
        if (probability(domain, i) > 0)
            drawn = i;
        left -= probability(domain, i);
    }
    return domain->values[drawn];
}

struct value domain_draw(const struct domain *domain, struct rng *rng)
{
    if (domain_is_categorical(domain))
        return categorical_draw(domain, rng);
    for (int tries = 0; tries < 1000; tries++) {
        struct value value = domain_value(domain, rng_uniform(rng));
        if (!isnan(value_number(value)))
            return value;
    }
    assert(!"a domain without legal values was not refused");
    abort();
}

/* Whether a number is one that a continuous domain can give; a little room for rounding. */
static bool holds_number(const struct domain *domain, double number)
{
    if (!isfinite(number) || below(&domain->bounds, number) || above(&domain->bounds, number))
        return false;
    double x = untransformed(domain->transform, number);
    if (is_normal(domain)) /* 1 - x is 1 for an x that is small enough */
        return domain->distribution == NORMAL || x > 0 ||
               (x == 0 && domain->transform != TRANSFORM_NONE);
    double a = domain_transform(domain->transform, domain->min);
    double b = domain_transform(domain->transform, domain->max);
    double slack = 1e-12 * fmax(fabs(a), fabs(b));
    return number >= fmin(a, b) - slack && number <= fmax(a, b) + slack;
}

/* The option that the recorded value is; numbers count, not how they are written: 1 is 1.0 for a
 * real. */
static struct value accept_option(const struct domain *domain, struct value recorded)
{
    struct value as_real = recorded;
    if (recorded.type == VALUE_INTEGER)
        as_real = (struct value){ VALUE_REAL, { .real = (double)recorded.integer } };
    for (int i = 0; i < domain->n_values; i++)
        if (value_equal(domain->values[i], recorded) && probability(domain, i) > 0)
            return domain->values[i];
    for (int i = 0; i < domain->n_values; i++)
        if (value_equal(domain->values[i], as_real) && probability(domain, i) > 0)
            return domain->values[i];
    return (struct value){ .type = VALUE_NONE };
}

struct value domain_accept(const struct domain *domain, struct value recorded)
{
    struct multiples legal;
    struct value none = { .type = VALUE_NONE };
    if (domain_is_categorical(domain))
        return accept_option(domain, recorded);
    if (recorded.type != VALUE_INTEGER && (recorded.type != VALUE_REAL || domain->integer))
        return none;
    double number = value_number(recorded);
    if (fabs(number) > EXACT_INTEGERS && recorded.type == VALUE_INTEGER)
        return none;
    if (!has_options(domain, &legal))
        return holds_number(domain, number) ? number_value(domain, number) : none;
    double k = rint((number - domain->min) / step_of(domain)) - legal.first;
    if (!(k >= 0 && k < legal.count) || option_number(domain, &legal, k) != number)
        return none;
    return number_value(domain, number);
}
