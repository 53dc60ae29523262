/* The studies: one space for each combination of the matrix. Conditions whose answer a study
 * fixes are resolved here (the domain stays without them, or goes); what is left depends on
 * categorical parameters of the study itself. */
#include "coordinator/space/draft.h"
#include "common/buf.h"
#include "common/hash.h"
#include "common/rng.h"
#include "common/trainer/settings.h"
#include "common/xalloc.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_GRID_POINTS = 10000000, MAX_COUNTING_STEPS = 1000000 };

/* What a study under construction knows of each key. */
struct member {
    int parameter;              /* index in the space, -1: not in it */
    const struct value *values; /* that it may take; of a numeric parameter: none */
    int n_values;
    bool always;   /* it is active in every point */
    bool is_named; /* by a condition that the study leaves open */
};

struct builder {
    struct draft *draft;
    size_t combination;
    struct member *members; /* by key */
    struct space *space;
    struct buf shape; /* which domains and conditions the study leaves open, as text */
    json_t *points;   /* shape -> points */
};

/* ---- conditions that the study decides ----------------------------------------------------- */

enum answer { NEVER, SOMETIMES, ALWAYS };

static enum answer ask(struct builder *builder, const struct draft_condition *condition)
{
    const struct member *member = &builder->members[condition->key];
    int matches = 0;
    for (int v = 0; v < member->n_values; v++)
        matches += draft_values_contain(builder->draft, condition->values, condition->n_values,
                                        member->values[v]);
    if (matches == 0)
        return NEVER;
    return member->always && matches == member->n_values ? ALWAYS : SOMETIMES;
}

static enum answer ask_all(struct builder *builder, const struct draft_domain *domain)
{
    enum answer answer = ALWAYS;
    for (int c = 0; c < domain->n_conditions && answer != NEVER; c++) {
        enum answer one = ask(builder, &domain->conditions[c]);
        answer = one < answer ? one : answer;
    }
    return answer;
}

/* The domain with the conditions that the study leaves open. */
static struct domain resolve(struct builder *builder, const struct draft_domain *draft_domain)
{
    struct domain domain = draft_domain->domain;
    if (draft_domain->n_conditions == 0)
        return domain;
    domain.conditions = arena_alloc(builder->draft->arena,
                                    (size_t)draft_domain->n_conditions * sizeof *domain.conditions);
    for (int c = 0; c < draft_domain->n_conditions; c++) {
        const struct draft_condition *condition = &draft_domain->conditions[c];
        if (ask(builder, condition) != SOMETIMES)
            continue;
        buf_printf(&builder->shape, "%d,", c);
        builder->members[condition->key].is_named = true;
        domain.conditions[domain.n_conditions++] = (struct condition){
            .parameter = builder->members[condition->key].parameter,
            .values = condition->values,
            .n_values = condition->n_values,
        };
    }
    return domain;
}

/* ---- members ------------------------------------------------------------------------------- */

static void append(struct builder *builder, int index, struct domain *domains, int n_domains)
{
    struct space *space = builder->space;
    space->parameters[space->n_parameters] = (struct parameter){
        .name = builder->draft->keys[index].name,
        .domains = domains,
        .n_domains = n_domains,
        .first_dimension = space->n_dimensions,
    };
    builder->members[index].parameter = space->n_parameters++;
    space->n_dimensions += n_domains;
}

static void add_matrix_key(struct builder *builder, int index)
{
    struct draft *draft = builder->draft;
    struct member *member = &builder->members[index];
    int place = draft_place(draft, builder->combination, index);
    *member = (struct member){ .parameter = -1 };
    if (place < 0)
        return;
    member->values = &draft->keys[index].domains->domain.values[place];
    member->n_values = 1;
    member->always = true;
    if (draft->keys[index].is_seed)
        return;
    struct domain *domain = arena_alloc(draft->arena, sizeof *domain);
    domain->distribution = CONSTANT;
    domain->values = &draft->keys[index].domains->domain.values[place];
    domain->n_values = 1;
    append(builder, index, domain, 1);
}

/* All values of the domains that are left: a list is shared unless there are several domains. */
static void gather_values(struct builder *builder, struct member *member,
                          const struct domain *domains, int n_domains)
{
    int count = 0;
    for (int d = 0; d < n_domains; d++)
        count += domains[d].n_values;
    member->n_values = count;
    member->values = domains[0].values;
    if (n_domains == 1 || count == 0)
        return;
    struct value *values = arena_alloc(builder->draft->arena, (size_t)count * sizeof *values);
    count = 0;
    for (int d = 0; d < n_domains; d++)
        for (int v = 0; v < domains[d].n_values; v++)
            values[count++] = domains[d].values[v];
    member->values = values;
}

/* An unconditional parameter is the same in all studies, and its domain is shared between them. */
static void add_parameter(struct builder *builder, int index)
{
    struct draft_key *key = &builder->draft->keys[index];
    struct member *member = &builder->members[index];
    struct domain *domains = &key->domains->domain;
    int left = 0;
    enum answer strongest = NEVER;
    *member = (struct member){ .parameter = -1 };
    if (key->n_domains > 1 || key->domains->n_conditions > 0)
        domains = arena_alloc(builder->draft->arena, (size_t)key->n_domains * sizeof *domains);
    for (int d = 0; d < key->n_domains; d++) {
        enum answer answer = ask_all(builder, &key->domains[d]);
        if (key->domains[d].n_conditions > 0)
            buf_printf(&builder->shape, "%d:%d:%d ", index, d, answer);
        if (answer == NEVER)
            continue;
        domains[left++] = resolve(builder, &key->domains[d]);
        strongest = answer > strongest ? answer : strongest;
    }
    if (left == 0)
        return;
    member->always = strongest == ALWAYS;
    gather_values(builder, member, domains, left);
    append(builder, index, domains, left);
}

/* ---- name, seeds --------------------------------------------------------------------------- */

/* "" without a matrix of one's own: every label has at least a character. */
static const char *join_labels(const struct builder *builder)
{
    const struct draft *draft = builder->draft;
    struct buf text;
    buf_init(&text, (size_t)1 << 16);
    for (int k = 0; k < draft->n_matrix; k++) {
        int value = draft->combinations[builder->combination * (size_t)draft->n_matrix + (size_t)k];
        if (!draft->keys[k].is_inherited)
            buf_printf(&text, "%s%s", k > 0 ? "," : "", draft->keys[k].labels[value]);
    }
    const char *out = arena_text(draft->arena, text.bytes);
    buf_free(&text);
    return out;
}

static bool name_study(struct builder *builder, struct study_definition *study)
{
    struct draft *draft = builder->draft;
    struct rng rng;
    int seed_key = draft->n_matrix > 0 ? draft_find_key(draft, "seed") : -1;
    const char *values = join_labels(builder);
    study->name = values[0] == '\0'
                      ? draft->definition->name
                      : arena_printf(draft->arena, "%s/%s", draft->definition->name, values);
    if (seed_key >= 0 && draft->keys[seed_key].is_seed)
        study->search_seed = builder->members[seed_key].values->integer;
    rng_init(&rng, (uint64_t)study->search_seed, RNG_STUDY_SEED, hash_text(values));
    study->seed = (int64_t)(rng_u64(&rng) >> 1);
    size_t most = MESSAGE_MAX_STUDY_NAME - 1;
    if (draft->definition->rerun.best > 0)
        most -= strlen(RERUN_SUFFIX); /* so that the re-run can be named after it */
    if (strlen(study->name) <= most)
        return true;
    problem_add(
        draft->problems, "/matrix", true,
        "the study `%.64s...` would have a name of %zu bytes, of at most %zu; use fewer keys or "
        "shorter values",
        study->name, strlen(study->name), most);
    return false;
}

/* ---- what the whole study must satisfy ----------------------------------------------------- */

static bool check_grid(struct draft *draft, const struct study_definition *study)
{
    const struct definition *definition = draft->definition;
    if (definition->sampler != SAMPLER_GRID || definition->trials > 0 ||
        study->points <= MAX_GRID_POINTS)
        return true;
    problem_add(draft->problems, "", true,
                "the grid of `%s` has more than %d points; add `trials`, or use fewer values",
                study->name, MAX_GRID_POINTS);
    return false;
}

/* A point of each study goes through the trainer's own check, which knows rules between settings
 * too. */
static bool check_trial(struct draft *draft, const struct study_definition *study)
{
    struct value *values = xcalloc((size_t)study->space->n_parameters + 1, sizeof *values);
    struct settings settings;
    struct error error;
    struct rng rng;
    rng_init(&rng, 0, RNG_SUGGEST, 0);
    space_draw(study->space, &rng, values);
    json_t *parameters = space_to_json(study->space, values);
    bool good = settings_parse(&settings, parameters, &error);
    if (!good)
        problem_add(draft->problems, "/parameters", true, "in the study `%s`: %s", study->name,
                    error.text);
    json_decref(parameters);
    free(values);
    return good;
}

/* Counting takes up to MAX_COUNTING_STEPS where conditions tie parameters together, so studies of
 * one shape are counted once; constants of the matrix change no number of points. */
static int64_t count_points(struct builder *builder)
{
    const json_t *known = json_object_get(builder->points, builder->shape.bytes);
    int64_t steps = 1;
    if (known != NULL)
        return json_integer_value(known);
    for (int k = 0; k < builder->draft->n_keys && steps < MAX_COUNTING_STEPS; k++)
        if (builder->members[k].is_named)
            steps *= builder->members[k].n_values;
    builder->draft->work += steps < MAX_COUNTING_STEPS ? steps : MAX_COUNTING_STEPS;
    int64_t points = space_size(builder->space);
    json_object_set_new(builder->points, builder->shape.bytes, json_integer(points));
    return points;
}

static bool build_study(struct builder *builder, struct study_definition *study)
{
    struct draft *draft = builder->draft;
    struct space *space = arena_alloc(draft->arena, sizeof *space);
    space->parameters =
        arena_alloc(draft->arena, ((size_t)draft->n_keys + 1) * sizeof *space->parameters);
    builder->space = study->space = space;
    buf_clear(&builder->shape);
    for (int k = 0; k < draft->n_matrix; k++)
        add_matrix_key(builder, k);
    for (int i = 0; i < draft->n_keys - draft->n_matrix; i++)
        add_parameter(builder, draft->order[i]);
    if (!name_study(builder, study))
        return false;
    study->points = count_points(builder);
    return check_grid(draft, study) &&
           (draft->definition->program != PROGRAM_LDT || check_trial(draft, study));
}

static bool check_size(struct draft *draft)
{
    size_t domains = 0;
    for (int k = 0; k < draft->n_keys; k++)
        domains += (size_t)draft->keys[k].n_domains;
    if (domains * draft->n_combinations <= DRAFT_MAX_DOMAINS)
        return true;
    problem_add(draft->problems, "", true,
                "%zu studies with %zu parameters each are too many for one search; use several",
                draft->n_combinations, domains);
    return false;
}

/* Stops at the first study at fault: the others would say the same. */
void draft_build_studies(struct draft *draft)
{
    struct definition *definition = draft->definition;
    struct builder builder = { .draft = draft };
    int64_t seed = definition->seed;
    if (!check_size(draft))
        return;
    definition->n_studies = draft->n_combinations;
    definition->studies =
        arena_alloc(draft->arena, definition->n_studies * sizeof *definition->studies);
    builder.members = xcalloc((size_t)draft->n_keys + 1, sizeof *builder.members);
    builder.points = json_object();
    buf_init(&builder.shape, (size_t)1 << 24);
    for (size_t i = 0; i < definition->n_studies; i++) {
        builder.combination = i;
        definition->studies[i].search_seed = seed;
        definition->studies[i].before = -1;
        if (!draft_spend(draft, draft->n_keys) || !build_study(&builder, &definition->studies[i]))
            break;
    }
    draft_order_ladder(draft);
    free(builder.members);
    json_decref(builder.points);
    buf_free(&builder.shape);
}
