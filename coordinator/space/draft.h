/* draft.h - a search between its JSON form and its studies: what was read of the document, typed
 * and checked piece by piece, before it is known which of it applies where. Inside
 * coordinator/space only.
 *
 *   definition.c    calls the others in this order
 *   fields.c          draft_read_fields: the keys at the top
 *   protocol.c        draft_read_protocol: rerun, from
 *   matrix.c          draft_read_matrix: its keys and values; exclude; the combinations left
 *   parameter.c       draft_read_parameters: names and domains (one domain: domain_reader.c)
 *   condition.c       draft_read_conditions: every `when`; parents first; no circles
 *   combination.c     draft_check_combinations: what applies where, by walking through them
 *   metric_check.c    draft_check_metric: is it reported everywhere? (both by walk.h)
 *   ladder.c          draft_read_ladder, draft_order_ladder: which study waits for which
 *   study_builder.c   draft_build_studies: one space for each combination of the matrix
 *
 * A KEY is what a condition may name: a matrix key or a parameter. Each step marks what it had to
 * refuse as broken, and later steps leave that alone, so that one fault is told once and the
 * others still are. */
#ifndef SPACE_DRAFT_H
#define SPACE_DRAFT_H
#include "common/trainer/setting.h"
#include "coordinator/space/definition.h"
#include "coordinator/space/reader.h"

enum {
    DRAFT_MAX_VALUES = 10000,              /* of one list */
    DRAFT_MAX_COMBINATIONS_TRIED = 10000,  /* by the walk for one parameter */
    DRAFT_MAX_PRODUCT = 100000,            /* of the matrix, before exclude */
    DRAFT_MAX_DOMAINS = 1000000,           /* in all studies together */
    DRAFT_MAX_WORK = 200000000,            /* comparisons: about two seconds */
};

struct draft_condition {     /* the key's value is one of these */
    int key;                 /* index into draft.keys */
    struct value *values;
    int n_values;
};

struct draft_domain {
    struct domain domain;    /* without conditions; those are resolved for each study */
    const char *path;
    struct node when;        /* json NULL: always */
    struct draft_condition *conditions;
    int n_conditions;
    bool applies_somewhere;  /* set by the walk */
};

struct draft_key {
    const char *name, *path;
    const struct setting_row *setting; /* NULL for a command's */
    bool in_matrix;
    bool is_seed;            /* the matrix key `seed`: not a parameter */
    bool is_list;            /* guarded domains: exactly one must apply */
    bool is_inherited;       /* by `from`: a matrix key of one value that no study's name shows */
    bool broken;
    struct draft_domain *domains; /* of a matrix key: one, with its values */
    int n_domains;
    const char **labels;     /* of a matrix key: its values in study names */
};

struct draft {
    struct problems *problems;
    struct definition *definition; /* filled bit by bit; its arena holds the draft too */
    struct arena *arena;
    struct draft_key *keys;  /* matrix keys first, each group in the order of the document */
    int n_keys, n_matrix;
    int *order;              /* parameters (not matrix keys), parents of conditions first */
    int *combinations;       /* n_combinations rows of n_matrix value indices */
    int *places;             /* the same; -1 where the study's method does not have the setting */
    size_t n_combinations;
    int64_t work;            /* comparisons so far */
    bool exhausted;          /* they were too many: told, and nothing more is judged */
};

/* The key of that name, or -1. */
int draft_find_key(const struct draft *draft, const char *name);

/* Types one scalar for a key: by its setting, or as it is for a command. The text is the
 * draft's. */
bool draft_read_value(struct draft *draft, const struct draft_key *key, struct node node,
                      struct value *out);

/* A list of 1 to DRAFT_MAX_VALUES values without one that comes twice. */
bool draft_read_values(struct draft *draft, const struct draft_key *key, struct node list,
                       struct value **out, int *count);

/* A value in a sentence or a name: adam, 0.5, true. Owned by the draft. */
const char *draft_value_text(struct draft *draft, struct value value);
bool draft_values_contain(struct draft *draft, const struct value *values, int count,
                          struct value value);

/* False once the whole check has cost too much; that has then been told. */
bool draft_spend(struct draft *draft, int64_t comparisons);

/* Something that was implied and that `ldt check` tells. */
void draft_note(struct draft *draft, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void draft_read_fields(struct draft *draft, struct node document);
void draft_read_protocol(struct draft *draft, struct node document);
/* The parameters that `from` brings; json NULL: none, or not known yet. */
struct node draft_inherited(struct draft *draft, struct node document);
void draft_read_ladder(struct draft *draft, struct node ladder);
void draft_order_ladder(struct draft *draft);
bool draft_domain_is_continuous(const struct domain *domain);

/* Is the name legal for a command, or a setting of the built-in trainer (which is then filled
 * in)? */
bool draft_read_key_name(struct draft *draft, struct draft_key *key);
/* With what `from` brings, unless it stands in the matrix or the parameters. */
bool draft_read_matrix(struct draft *draft, struct node matrix, struct node inherited,
                       struct node parameters);
void draft_place_matrix(struct draft *draft); /* fills places, once the parameters are known */
int draft_place(const struct draft *draft, size_t combination, int key);
bool draft_read_domain(struct draft *draft, const struct draft_key *key, struct node node,
                       struct draft_domain *out);
bool draft_read_parameters(struct draft *draft, struct node parameters);
void draft_read_conditions(struct draft *draft);
/* With the metric, for the built-in trainer. */
void draft_check_combinations(struct draft *draft, struct node metric_name);
void draft_check_metric(struct draft *draft, struct node name);
void draft_build_studies(struct draft *draft);
#endif
