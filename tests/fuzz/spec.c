/* A search from anybody. What is accepted must come out the same from its JSON form, and its
 * studies must have points that can be drawn, written down, read again and learnt from: the
 * coordinator does all that on another day, and stops if it cannot. */
#include "common/json.h"
#include "common/xalloc.h"
#include "coordinator/spec/spec.h"
#include "tests/fuzz/target.h"

#include <math.h>
#include <string.h>

enum {
    STUDIES_TRIED = 3, /* of one search: the first, the last and one between */
    POINTS_TRIED = 2,  /* of one study */
    MOST_POINTS_COUNTED = 1000,
    MOST_SHARES_SUMMED = 1000, /* of one dimension */
};

/* ---- the JSON form ------------------------------------------------------------------------- */

static void check_json_form(const struct spec *spec)
{
    struct definition *again;
    struct problems problems;
    char *text = json_text(spec->document);
    json_t *document = json_loads(text, 0, NULL);
    problems_init(&problems);
    if (document == NULL || !definition_parse(&again, document, &problems))
        fuzz_fail("accepted as YAML and refused as JSON: %s",
                  problems.count > 0 ? problems.list[0].text : "no JSON");
    if (again->n_studies != spec->definition->n_studies)
        fuzz_fail("the JSON form has other studies");
    definition_destroy(&again);
    problems_free(&problems);
    json_decref(document);
    free(text);
}

/* ---- points -------------------------------------------------------------------------------- */

static bool is_coordinate(const struct domain *domain, double u)
{
    if (domain_is_categorical(domain))
        return u >= 0 && u < (double)domain_options(domain) && u == floor(u);
    return u >= 0 && u <= 1;
}

/* One coordinate for each active parameter, and no other. */
static void check_coordinates(const struct space *space, const struct value *values)
{
    double *u = xcalloc((size_t)space->n_dimensions + 1, sizeof *u);
    space_coordinates(space, values, u);
    for (int p = 0; p < space->n_parameters; p++) {
        const struct parameter *parameter = &space->parameters[p];
        int active = space_active_domain(space, p, values);
        for (int d = 0; d < parameter->n_domains; d++) {
            int dimension = parameter->first_dimension + d;
            const struct domain *domain = &parameter->domains[d];
            if (d == active ? !is_coordinate(domain, u[dimension]) : !isnan(u[dimension]))
                fuzz_fail("`%s`, domain %d of %d: no coordinate is %g", parameter->name, d + 1,
                          parameter->n_domains, u[dimension]);
        }
    }
    free(u);
}

/* As the database keeps it. */
static void check_point(const struct space *space, const struct value *values)
{
    struct value *again = xcalloc((size_t)space->n_parameters + 1, sizeof *again);
    json_t *object = space_to_json(space, values);
    char *text = json_text(object);
    json_t *kept = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (kept == NULL || !space_from_json(space, kept, again))
        fuzz_fail("a point that its space does not take back: %s", text);
    if (!space_points_equal(space, values, again) ||
        space_point_hash(space, values) != space_point_hash(space, again))
        fuzz_fail("a point that comes back as another: %s", text);
    check_coordinates(space, values);
    json_decref(kept);
    json_decref(object);
    free(text);
    free(again);
}

/* ---- dimensions ---------------------------------------------------------------------------- */

/* What a sampler asks for: numbers where a stream of random numbers can go. */
static void check_values(const struct domain *domain)
{
    static const double places[] = { 0x1p-53, 0.25, 0.5, 1 - 0x1p-53 };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct value value = domain_value(domain, places[i]);
        if (value.type == VALUE_REAL && isnan(value.real)) /* an open bound */
            continue;
        if (domain_accept(domain, value).type == VALUE_NONE)
            fuzz_fail("at %g is %.17g, which the domain does not hold", places[i],
                      value_number(value));
        if (!is_coordinate(domain, domain_coordinate(domain, value)))
            fuzz_fail("at %g is %.17g, which has no coordinate", places[i], value_number(value));
    }
}

static void check_shares(const struct domain *domain)
{
    int64_t options = domain_options(domain);
    if (options == 0 || options > MOST_SHARES_SUMMED)
        return;
    double *shares = xcalloc((size_t)options, sizeof *shares), sum = 0;
    domain_shares(domain, shares);
    for (int64_t k = 0; k < options; k++) {
        if (!(shares[k] > 0))
            fuzz_fail("option %d of %d has the share %g", (int)k, (int)options, shares[k]);
        sum += shares[k];
    }
    if (!(fabs(sum - 1) < 1e-9))
        fuzz_fail("the shares of %d options sum to %.17g", (int)options, sum);
    free(shares);
}

/* ---- studies ------------------------------------------------------------------------------- */

static void check_study(const struct definition *definition, size_t number)
{
    const struct study_definition *study = &definition->studies[number];
    const struct space *space = study->space;
    struct value *values = xcalloc((size_t)space->n_parameters + 1, sizeof *values);
    struct rng rng;
    rng_init(&rng, (uint64_t)study->seed, RNG_SUGGEST, 0);
    for (int i = 0; i < POINTS_TRIED; i++) {
        space_draw(space, &rng, values);
        check_point(space, values);
    }
    for (int i = 0; i < POINTS_TRIED && study->points <= MOST_POINTS_COUNTED; i++) {
        space_point(space, i == 0 ? 0 : study->points - 1, values);
        check_point(space, values);
    }
    for (int p = 0; p < space->n_parameters; p++)
        for (int d = 0; d < space->parameters[p].n_domains; d++) {
            const struct domain *domain = &space->parameters[p].domains[d];
            if (!domain_is_categorical(domain))
                check_values(domain);
            check_shares(domain);
        }
    if (definition_configurations(definition, number) < 1 || study->before >= (int64_t)number)
        fuzz_fail("the study `%s` has nothing to try, or waits for a later one", study->name);
    free(values);
}

static void check_studies(const struct definition *definition)
{
    size_t count = definition->n_studies, step = 1 + (count - 1) / STUDIES_TRIED;
    if (count == 0) /* of a search whose `from` is not known yet */
        return;
    for (size_t number = 0; number < count; number += step)
        check_study(definition, number);
    check_study(definition, count - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct spec *spec;
    struct buf report;
    buf_init(&report, (size_t)1 << 20);
    enum spec_result result = spec_parse(&spec, "x.yaml", (const char *)bytes, count, &report);
    if ((result == SPEC_OK) != (spec != NULL))
        fuzz_fail("the result and the search contradict each other");
    if ((result == SPEC_OK) != (report.length == 0))
        fuzz_fail("refused without a sentence, or accepted with one");
    if (spec != NULL) {
        check_json_form(spec);
        check_studies(spec->definition);
    }
    spec_destroy(&spec);
    buf_free(&report);
    return 0;
}
