/* One domain of a parameter, from its JSON form: which distribution, its numbers, and whether
 * they can hold; for the built-in trainer also whether the range stays inside the bounds of its
 * setting. */
#include "coordinator/space/draft.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define INTEGER_LIMIT 9007199254740992.0 /* 2^53: exact in a double */

enum member { VALUE, VALUES, PROBABILITIES, MIN, MAX, Q, MU, SIGMA, MEMBERS };
static const char *const member_names[MEMBERS] = {
    "value", "values", "probabilities", "min", "max", "q", "mu", "sigma",
};
#define HAS(member) (1u << (member))

static const struct distribution_row {
    const char *name;
    unsigned required, optional; /* HAS(member) */
} distribution_table[DISTRIBUTIONS] = {
    [CONSTANT] = { "constant", HAS(VALUE), 0 },
    [CATEGORICAL] = { "categorical", HAS(VALUES), HAS(PROBABILITIES) },
    [INT_UNIFORM] = { "int_uniform", HAS(MIN) | HAS(MAX), 0 },
    [UNIFORM] = { "uniform", HAS(MIN) | HAS(MAX), 0 },
    [Q_UNIFORM] = { "q_uniform", HAS(MIN) | HAS(MAX) | HAS(Q), 0 },
    [LOG_UNIFORM_VALUES] = { "log_uniform_values", HAS(MIN) | HAS(MAX), 0 },
    [Q_LOG_UNIFORM_VALUES] = { "q_log_uniform_values", HAS(MIN) | HAS(MAX) | HAS(Q), 0 },
    [NORMAL] = { "normal", HAS(MU) | HAS(SIGMA), 0 },
    [LOG_NORMAL] = { "log_normal", HAS(MU) | HAS(SIGMA), 0 },
};

/* What is being read: one domain of one parameter. */
struct reading {
    struct draft *draft;
    struct problems *problems;
    const struct draft_key *key;
    struct node node;
    unsigned present;      /* HAS(member) of the members that are there */
    struct domain *domain; /* being filled */
};

static struct node member(const struct reading *reading, enum member which)
{
    return node_member(reading->problems, reading->node, member_names[which]);
}

static bool is_integer_setting(const struct draft_key *key)
{
    return key->setting->type == SETTING_INTEGER || key->setting->type == SETTING_INTEGER_OR_AUTO;
}

/* ---- which distribution -------------------------------------------------------------------- */

/* Names of other systems, where the bounds are exponents in one and values in the next: the nearest
 * word, `uniform`, would be a trap. NULL for any other word. */
static const char *logarithmic(const char *word)
{
    static const char *const words[] = { "log_uniform", "loguniform", "log-uniform", "LogUniform" };
    static const char *const quantised[] = { "q_log_uniform", "qloguniform", "q-log-uniform" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i]) == 0)
            return distribution_table[LOG_UNIFORM_VALUES].name;
    for (size_t i = 0; i < sizeof quantised / sizeof *quantised; i++)
        if (strcmp(word, quantised[i]) == 0)
            return distribution_table[Q_LOG_UNIFORM_VALUES].name;
    return NULL;
}

static bool refuse_word(const struct reading *reading, struct node node, const char *word)
{
    const char *names[DISTRIBUTIONS];
    for (int i = 0; i < DISTRIBUTIONS; i++)
        names[i] = distribution_table[i].name;
    const char *meant = nearest_of(word, names, DISTRIBUTIONS);
    const char *ours = logarithmic(word);
    if (ours != NULL)
        problem_add(reading->problems, node.path, false,
                    "`%s` is refused, because elsewhere its bounds are exponents; write `%s`, "
                    "whose min and max are values",
                    word, ours);
    else if (meant != NULL)
        problem_add(reading->problems, node.path, false,
                    "unknown distribution `%.64s`; did you mean `%s`?", word, meant);
    else
        problem_add(reading->problems, node.path, false,
                    "unknown distribution `%.64s`; there are constant, categorical, int_uniform, "
                    "uniform, q_uniform, log_uniform_values, q_log_uniform_values, normal and "
                    "log_normal",
                    word);
    return false;
}

static bool find_distribution(const struct reading *reading, struct node node)
{
    const char *word;
    if (!read_text(reading->problems, node, &word))
        return false;
    for (int i = 0; i < DISTRIBUTIONS; i++) {
        if (strcmp(distribution_table[i].name, word) == 0) {
            reading->domain->distribution = (enum distribution)i;
            return true;
        }
    }
    return refuse_word(reading, node, word);
}

/* Both ends are integers: for an integer setting that is what it is; for a command it is a guess,
 * told. */
static void imply_range(const struct reading *reading)
{
    bool integers =
        json_is_integer(member(reading, MIN).json) && json_is_integer(member(reading, MAX).json);
    bool is_integer = reading->key->setting != NULL ? is_integer_setting(reading->key) : integers;
    reading->domain->distribution = is_integer ? INT_UNIFORM : UNIFORM;
    if (is_integer && reading->key->setting == NULL)
        draft_note(
            reading->draft,
            "`%s` has integer bounds, so int_uniform is implied; write `distribution: uniform` "
            "or 1.0 for any number between",
            reading->key->name);
}

static bool imply_distribution(const struct reading *reading)
{
    unsigned present = reading->present;
    const char *fix = "give `value`, `values`, or `min` and `max`";
    if (present & HAS(VALUE))
        reading->domain->distribution = CONSTANT;
    else if (present & HAS(VALUES))
        reading->domain->distribution = CATEGORICAL;
    else if (present & (HAS(MIN) | HAS(MAX))) {
        if (present & HAS(Q))
            fix = "with `q` write `distribution: q_uniform` or `q_log_uniform_values`";
        else if ((present & HAS(MIN)) && (present & HAS(MAX))) {
            imply_range(reading);
            return true;
        } else {
            fix = present & HAS(MIN) ? "`max` is missing" : "`min` is missing";
        }
    } else if (present & (HAS(MU) | HAS(SIGMA)))
        fix = "with `mu` and `sigma` write `distribution: normal` or `log_normal`";
    if (present & (HAS(VALUE) | HAS(VALUES)))
        return true;
    problem_add(reading->problems, reading->node.path, false, "`%s` has no distribution; %s",
                reading->key->name, fix);
    return false;
}

/* Every member that the distribution needs is there, and none that it does not use. */
static bool check_members(const struct reading *reading)
{
    const struct distribution_row *row = &distribution_table[reading->domain->distribution];
    bool good = true;
    for (int i = 0; i < MEMBERS; i++) {
        bool is_there = reading->present & HAS(i);
        if (!is_there && (row->required & HAS(i))) {
            problem_add(reading->problems, reading->node.path, false,
                        "`%s` is missing: %s needs it", member_names[i], row->name);
            good = false;
        } else if (is_there && !((row->required | row->optional) & HAS(i))) {
            problem_add(reading->problems, member(reading, (enum member)i).path, true,
                        "`%s` is no key of %s; remove it", member_names[i], row->name);
            good = false;
        }
    }
    return good;
}

static bool read_distribution(const struct reading *reading)
{
    struct node node = node_member(reading->problems, reading->node, "distribution");
    bool found = node.json != NULL ? find_distribution(reading, node) : imply_distribution(reading);
    return found && check_members(reading);
}

/* ---- values -------------------------------------------------------------------------------- */

static bool read_constant(const struct reading *reading)
{
    struct domain *domain = reading->domain;
    struct node node = member(reading, VALUE);
    domain->values = arena_alloc(reading->draft->arena, sizeof *domain->values);
    domain->n_values = 1;
    if (json_is_array(node.json)) {
        problem_add(reading->problems, node.path, false,
                    "`value` is one value; for a list write `values`");
        return false;
    }
    return draft_read_value(reading->draft, reading->key, node, domain->values);
}

static bool read_probabilities(const struct reading *reading)
{
    struct node list = member(reading, PROBABILITIES);
    size_t count = json_array_size(list.json);
    double sum = 0;
    if (!json_is_array(list.json) || count != (size_t)reading->domain->n_values) {
        problem_add(reading->problems, list.path, false,
                    "`probabilities` must be a list of %d numbers, one for each value",
                    reading->domain->n_values);
        return false;
    }
    reading->domain->probabilities = arena_alloc(reading->draft->arena, count * sizeof(double));
    for (size_t i = 0; i < count; i++) {
        struct node node = node_item(reading->problems, list, i);
        double *probability = &reading->domain->probabilities[i];
        if (!read_number(reading->problems, node, probability))
            return false;
        if (*probability < 0) {
            problem_add(reading->problems, node.path, false, "a probability must be at least 0");
            return false;
        }
        sum += *probability;
    }
    if (fabs(sum - 1) <= 1e-6)
        return true;
    problem_add(reading->problems, list.path, false, "`probabilities` must sum to 1, not %.7g",
                sum);
    return false;
}

static bool read_categorical(const struct reading *reading)
{
    struct domain *domain = reading->domain;
    struct node list = member(reading, VALUES);
    bool good =
        draft_read_values(reading->draft, reading->key, list, &domain->values, &domain->n_values);
    return good && (!(reading->present & HAS(PROBABILITIES)) || read_probabilities(reading));
}

/* ---- ranges -------------------------------------------------------------------------------- */

static bool read_whole(const struct reading *reading, enum member which, double *out)
{
    int64_t number;
    if (!read_integer(reading->problems, member(reading, which), -(int64_t)INTEGER_LIMIT,
                      (int64_t)INTEGER_LIMIT, &number))
        return false;
    *out = (double)number;
    return true;
}

static bool read_end(const struct reading *reading, enum member which, double *out)
{
    return reading->domain->integer ? read_whole(reading, which, out)
                                    : read_number(reading->problems, member(reading, which), out);
}

static bool is_quantised(const struct domain *domain)
{
    return domain->distribution == Q_UNIFORM || domain->distribution == Q_LOG_UNIFORM_VALUES;
}

/* Whether values come out as integers. For a command that is so when every number of a q domain
 * is one: nobody who writes `min: 16, max: 64, q: 16` wants to be handed 32.0. */
static bool comes_out_integer(const struct reading *reading)
{
    const struct domain *domain = reading->domain;
    if (domain->distribution == INT_UNIFORM)
        return true;
    if (!is_quantised(domain))
        return false;
    if (reading->key->setting != NULL)
        return is_integer_setting(reading->key);
    bool integers = json_is_integer(member(reading, MIN).json) &&
                    json_is_integer(member(reading, MAX).json) &&
                    json_is_integer(member(reading, Q).json);
    if (integers)
        draft_note(reading->draft, "`%s` has integer min, max and q, so its values are integers",
                   reading->key->name);
    return integers;
}

static bool check_order(const struct reading *reading)
{
    const struct domain *domain = reading->domain;
    const char *path = member(reading, MIN).path;
    if (domain->min == domain->max) {
        problem_add(reading->problems, path, false,
                    "min and max are both %.15g: for one value write `value: %.15g`", domain->min,
                    domain->min);
        return false;
    }
    if (domain->min > domain->max) {
        problem_add(reading->problems, path, false, "min %.15g is above max %.15g; swap the two",
                    domain->min, domain->max);
        return false;
    }
    if (isfinite(domain->max - domain->min))
        return true;
    problem_add(reading->problems, path, false, "the range from %g to %g is too wide", domain->min,
                domain->max);
    return false;
}

static bool check_logarithm(const struct reading *reading)
{
    const struct domain *domain = reading->domain;
    bool is_log =
        domain->distribution == LOG_UNIFORM_VALUES || domain->distribution == Q_LOG_UNIFORM_VALUES;
    if (!is_log || domain->min > 0)
        return true;
    problem_add(reading->problems, member(reading, MIN).path, false,
                "min of %s must be above 0, not %.15g: the bounds are values, not exponents (1e-4, "
                "not -4)",
                distribution_table[domain->distribution].name, domain->min);
    return false;
}

/* Whether min + k q is another number for each k, and found again by it: integers are exact up to
 * 2^53, of reals 15 digits are kept. */
static bool can_count_steps(const struct domain *domain)
{
    double largest = fmax(fabs(domain->min), fabs(domain->max));
    if (domain->integer)
        return domain->max - domain->min < INTEGER_LIMIT;
    return domain->q >= 2e-14 * largest && domain->q / 2 >= DBL_MIN;
}

/* The cells of a logarithmic scale must have a width as doubles go. */
static bool check_cells(const struct reading *reading)
{
    const struct domain *domain = reading->domain;
    if (domain->distribution != Q_LOG_UNIFORM_VALUES ||
        domain->max - domain->min >= 1e-9 * domain->max)
        return true;
    problem_add(reading->problems, member(reading, MIN).path, false,
                "min and max are too close for a logarithmic scale; write `distribution: "
                "q_uniform`");
    return false;
}

static bool read_step(const struct reading *reading)
{
    struct domain *domain = reading->domain;
    if (!is_quantised(domain))
        return true;
    if (!read_end(reading, Q, &domain->q))
        return false;
    double width = domain->max - domain->min;
    if (domain->q > 0 && domain->q <= width && can_count_steps(domain))
        return check_cells(reading);
    problem_add(reading->problems, member(reading, Q).path, false,
                "q must be above 0 and at most max - min = %.15g, and not too small to count the "
                "steps",
                width);
    return false;
}

static bool read_range(const struct reading *reading)
{
    struct domain *domain = reading->domain;
    domain->integer = comes_out_integer(reading);
    bool has_min = read_end(reading, MIN, &domain->min);
    bool has_max = read_end(reading, MAX, &domain->max);
    if (!has_min || !has_max)
        return false;
    bool good = check_logarithm(reading);
    return check_order(reading) && good && read_step(reading);
}

static bool read_bell(const struct reading *reading)
{
    struct domain *domain = reading->domain;
    bool has_mu = read_number(reading->problems, member(reading, MU), &domain->mu);
    struct node sigma = member(reading, SIGMA);
    if (!read_number(reading->problems, sigma, &domain->sigma) || !has_mu)
        return false;
    if (!(domain->sigma > 0)) {
        problem_add(reading->problems, sigma.path, false, "sigma must be above 0, not %.15g",
                    domain->sigma);
        return false;
    }
    double limit = domain->distribution == LOG_NORMAL ? 700 : 1e300;
    if (fabs(domain->mu) + 10 * domain->sigma <= limit)
        return true;
    problem_add(reading->problems, sigma.path, false,
                "mu and sigma are too large: draws%s would overflow",
                domain->distribution == LOG_NORMAL ? " (mu and sigma are of the logarithm)" : "");
    return false;
}

/* ---- transform and the setting's bounds ---------------------------------------------------- */

static bool read_transform(const struct reading *reading)
{
    static const char *const words[] = { "one_minus", "pow10" };
    struct node node = node_member(reading->problems, reading->node, "transform");
    int index;
    if (node.json == NULL)
        return true;
    if (!draft_domain_is_continuous(reading->domain)) {
        problem_add(
            reading->problems, node.path, true,
            "`transform` is for uniform, log_uniform_values, normal and log_normal; %s has none",
            distribution_table[reading->domain->distribution].name);
        return false;
    }
    if (!read_word(reading->problems, node, words, 2, &index))
        return false;
    reading->domain->transform = index == 0 ? ONE_MINUS : POW10;
    return true;
}

/* A range of numbers needs a setting that is a number, and of the same kind. */
static bool check_setting_type(const struct reading *reading)
{
    const struct setting_row *row = reading->key->setting;
    const struct domain *domain = reading->domain;
    if (row == NULL)
        return true;
    const char *name = distribution_table[domain->distribution].name;
    char legal[256];
    if (row->type == SETTING_BOOLEAN || row->type == SETTING_CHOICE || row->type == SETTING_TEXT) {
        setting_describe(row, legal, sizeof legal);
        problem_add(reading->problems, reading->node.path, false,
                    "`%s` is %s, so it has no %s; write `values: [...]`", row->name, legal, name);
        return false;
    }
    if (!is_integer_setting(reading->key) || !draft_domain_is_continuous(domain))
        return true;
    problem_add(reading->problems, reading->node.path, false,
                "`%s` is an integer, so it has no %s; use %s", row->name, name,
                domain->distribution == LOG_UNIFORM_VALUES ? "q_log_uniform_values with q: 1"
                                                           : "int_uniform, q_uniform or values");
    return false;
}

static bool check_end(const struct reading *reading, enum member which, double end)
{
    const struct domain *domain = reading->domain;
    double number = domain_transform(domain->transform, end);
    char legal[256];
    if (!isfinite(number)) {
        problem_add(reading->problems, member(reading, which).path, false,
                    "10 to the power of %.15g is too large for a number", end);
        return false;
    }
    if (number >= domain->bounds.lower && number <= domain->bounds.upper)
        return true;
    setting_describe(reading->key->setting, legal, sizeof legal);
    problem_add(reading->problems, member(reading, which).path, false, "%s: %.15g is not %s%s",
                reading->key->name, number, legal,
                domain->transform == ONE_MINUS ? " (after one_minus)"
                : domain->transform == POW10   ? " (after pow10)"
                                               : "");
    return false;
}

static void take_bounds(const struct reading *reading)
{
    const struct setting_row *row = reading->key->setting;
    struct bounds *bounds = &reading->domain->bounds;
    *bounds = (struct bounds){ -INFINITY, INFINITY, false, false };
    if (row != NULL)
        *bounds = (struct bounds){ row->lower, row->upper, row->lower_open, row->upper_open };
}

static bool check_bounds(const struct reading *reading)
{
    const struct domain *domain = reading->domain;
    bool is_bell = domain->distribution == NORMAL || domain->distribution == LOG_NORMAL;
    bool good = true;
    take_bounds(reading);
    if (!is_bell) {
        good = check_end(reading, MIN, domain->min);
        good &= check_end(reading, MAX, domain->max);
    }
    if (good && !domain_is_possible(domain)) {
        problem_add(reading->problems, reading->node.path, false,
                    "`%s`: hardly any draw would be a legal value; mend the range",
                    reading->key->name);
        good = false;
    }
    return good;
}

/* ---- all of it ----------------------------------------------------------------------------- */

static bool read_members(struct reading *reading)
{
    static const char *const known[] = {
        "distribution", "value", "values",    "probabilities", "min", "max", "q",
        "mu",           "sigma", "transform", "when",
    };
    for (int i = 0; i < MEMBERS; i++)
        if (json_object_get(reading->node.json, member_names[i]) != NULL)
            reading->present |= HAS(i);
    return read_known_members(reading->problems, reading->node, known,
                              sizeof known / sizeof *known);
}

static bool read_numbers(const struct reading *reading)
{
    if (!check_setting_type(reading))
        return false;
    if (reading->domain->distribution == NORMAL || reading->domain->distribution == LOG_NORMAL)
        return read_bell(reading) && read_transform(reading) && check_bounds(reading);
    bool has_range = read_range(reading);
    return read_transform(reading) && has_range && check_bounds(reading);
}

bool draft_read_domain(struct draft *draft, const struct draft_key *key, struct node node,
                       struct draft_domain *out)
{
    struct reading reading = { draft, draft->problems, key, node, 0, &out->domain };
    out->path = node.path;
    out->when = node_member(draft->problems, node, "when");
    bool good = read_members(&reading);
    if (!good || !read_distribution(&reading))
        return false;
    if (out->domain.distribution == CONSTANT)
        return read_transform(&reading) && read_constant(&reading);
    if (out->domain.distribution == CATEGORICAL)
        return read_transform(&reading) && read_categorical(&reading);
    return read_numbers(&reading);
}
