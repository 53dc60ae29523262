#include "coordinator/space/definition.h"
#include "common/rng.h"
#include "coordinator/space/draft.h"

enum { ARENA_BLOCK_BYTES = 1 << 16 };

static void check_grid_is_finite(struct draft *draft)
{
    if (draft->definition->sampler != SAMPLER_GRID)
        return;
    for (int k = draft->n_matrix; k < draft->n_keys; k++) {
        const struct draft_key *key = &draft->keys[k];
        for (int d = 0; d < key->n_domains && !key->broken; d++)
            if (draft_domain_is_continuous(&key->domains[d].domain))
                problem_add(draft->problems, key->domains[d].path, false,
                            "the grid sampler cannot go through the continuous range of `%s`; give "
                            "`values`, or a `q_` distribution",
                            key->name);
    }
}

static void read_space(struct draft *draft, struct node document)
{
    struct node matrix = node_member(draft->problems, document, "matrix");
    struct node parameters = node_member(draft->problems, document, "parameters");
    struct node inherited = draft_inherited(draft, document);
    size_t count = json_object_size(matrix.json) + json_object_size(parameters.json) +
                   json_object_size(inherited.json);
    draft->keys = arena_alloc(draft->arena, (count + 1) * sizeof *draft->keys);
    if (!draft_read_matrix(draft, matrix, inherited, parameters))
        for (int k = 0; k < draft->n_matrix; k++)
            draft->keys[k].broken = true;
    struct node seed = node_member(draft->problems, document, "seed");
    if (seed.json != NULL && json_object_get(matrix.json, "seed") != NULL)
        problem_add(draft->problems, seed.path, true,
                    "`seed` is a key of the matrix already; remove it from one of the two");
    bool has_source = draft->definition->from.study != NULL;
    if (parameters.json == NULL && !has_source)
        problem_add(draft->problems, document.path, true,
                    "`parameters` is missing: what is there to search over?");
    else if ((parameters.json == NULL || draft_read_parameters(draft, parameters)) &&
             !draft->definition->from.pending) {
        draft_read_conditions(draft);
        check_grid_is_finite(draft);
        draft_place_matrix(draft);
        draft_check_combinations(draft, (struct node){ NULL, "/metric/name" });
    }
    draft_read_ladder(draft, node_member(draft->problems, document, "ladder"));
}

static struct definition *definition_create(void)
{
    struct arena *arena = arena_create(ARENA_BLOCK_BYTES);
    struct definition *definition = arena_alloc(arena, sizeof *definition);
    definition->arena = arena;
    return definition;
}

/* Whether lists and mappings lie in each other on more than so many levels. The database has a
 * limit of its own, and what it refuses to keep ends the coordinator. */
static bool is_deeper(const json_t *value, int levels)
{
    json_t *tree = (json_t *)(uintptr_t)value, *member;
    const char *key;
    bool deeper = false;
    if (!json_is_object(value) && !json_is_array(value))
        return false;
    if (levels == 0)
        return true;
    json_object_foreach(tree, key, member)
        deeper = deeper || is_deeper(member, levels - 1);
    for (size_t i = 0; i < json_array_size(value) && !deeper; i++)
        deeper = is_deeper(json_array_get(value, i), levels - 1);
    return deeper;
}

bool definition_parse(struct definition **out, const json_t *document, struct problems *problems)
{
    size_t before = problems->count;
    struct node root = { document, "" };
    *out = NULL;
    if (problems_full(problems)) /* nothing new could be told, and silence would mean consent */
        return false;
    if (!json_is_object(document)) {
        problem_add(problems, "", false, "a search is a mapping that starts with `name:`, not %s",
                    document == NULL ? "nothing" : node_kind(root));
        return false;
    }
    if (is_deeper(document, SPEC_MAX_DEPTH)) {
        problem_add(problems, "", false,
                    "this goes deeper than %d lists and mappings inside each other",
                    SPEC_MAX_DEPTH);
        return false;
    }
    struct definition *definition = definition_create();
    struct draft draft = { .problems = problems,
                           .definition = definition,
                           .arena = definition->arena };
    if (read_no_control_characters(problems, root)) {
        draft_read_fields(&draft, root);
        read_space(&draft, root);
    }
    if (problems->count == before && !draft.definition->from.pending)
        draft_build_studies(&draft);
    if (problems->count > before)
        definition_destroy(&definition);
    *out = definition;
    return definition != NULL;
}

void definition_destroy(struct definition **definition)
{
    if (*definition == NULL)
        return;
    struct arena *arena = (*definition)->arena; /* the definition lies in its own arena */
    arena_destroy(&arena);
    *definition = NULL;
}

int64_t definition_configurations(const struct definition *definition, size_t study)
{
    int64_t points = definition->studies[study].points;
    return definition->trials > 0 && definition->trials < points ? definition->trials : points;
}

/* ---- seeds of trials ----------------------------------------------------------------------- */

/* Mixes 30 bits without mapping two numbers to one: each step can be undone (an odd factor, and a
 * shift of half the width, modulo 2^30). */
static uint32_t mix_30_bits(uint32_t x)
{
    const uint32_t mask = ((uint32_t)1 << 30) - 1;
    x = (x * 0x2c1b3c6du) & mask;
    x ^= x >> 15;
    x = (x * 0x297a2d39u) & mask;
    x ^= x >> 15;
    return x;
}

/* The item at the index of a random order of all numbers of 30 bits. */
static int64_t shuffled(struct rng *rng, uint32_t index)
{
    uint32_t offset = (uint32_t)rng_u64(rng), round = (uint32_t)rng_u64(rng);
    uint32_t mixed = mix_30_bits(index + offset);
    return (int64_t)mix_30_bits(mixed ^ (round & 0x3fffffff));
}

int64_t definition_trial_seed(const struct definition *definition, size_t study, int64_t trial)
{
    const struct study_definition *owner = &definition->studies[study];
    bool is_repeated = definition->repeat > 1;
    int64_t index = is_repeated ? trial % definition->repeat : trial;
    struct rng rng;
    rng_init(&rng, (uint64_t)(is_repeated ? owner->search_seed : owner->seed), RNG_TRIAL_SEED, 0);
    return shuffled(&rng, (uint32_t)index) << 1;
}

/* Of the search's seed, not of a matrix key `seed`: its studies are compared with each other. */
int64_t definition_rerun_seed(const struct definition *definition, int32_t repetition)
{
    struct rng rng;
    rng_init(&rng, (uint64_t)definition->seed, RNG_TRIAL_SEED, 1);
    return shuffled(&rng, (uint32_t)repetition) << 1 | 1;
}
