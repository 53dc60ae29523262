#include "worker/trial/identity.h"
#include "common/json.h"

#include <inttypes.h>
#include <string.h>
#include <xxhash.h>

static void hash_rows(XXH3_state_t *hash, const real *rows, int count, int cols)
{
    if (rows != NULL)
        XXH3_128bits_update(hash, rows, (size_t)count * (size_t)cols * sizeof *rows);
}

static void hash_set(XXH3_state_t *hash, const struct task_set *set, const struct task_data *data)
{
    XXH3_128bits_update(hash, &set->count, sizeof set->count);
    hash_rows(hash, set->x, set->count, data->inputs);
    hash_rows(hash, set->xstar, set->count, data->privileged);
    hash_rows(hash, set->labels, set->count, 1);
    hash_rows(hash, set->true_logits, set->count, data->outputs);
}

static void write_data(struct buf *out, const struct task_data *data)
{
    XXH3_state_t *hash = XXH3_createState();
    XXH3_128bits_reset(hash);
    hash_set(hash, &data->train, data);
    hash_set(hash, &data->test, data);
    XXH128_hash_t sum = XXH3_128bits_digest(hash);
    XXH3_freeState(hash);
    buf_printf(out, "data %016" PRIx64 "%016" PRIx64 "\n", (uint64_t)sum.high64,
               (uint64_t)sum.low64);
}

/* The one setting that is a text, the directory of the data, is not here: their hash is. */
static void write_settings(struct buf *out, const struct settings *settings)
{
    for (int id = 0; id < SETTINGS; id++) {
        char number[NUMBER_TEXT_BYTES];
        number_text(number, settings->number[id]);
        buf_printf(out, "%s %s\n", setting_table[id].name, number);
    }
}

void identity_write(struct buf *out, const struct identity_fact *facts, size_t n_facts,
                    const struct settings *settings, uint64_t seed, const struct task_data *data)
{
    buf_init(out, IDENTITY_BYTES_MOST);
    for (size_t i = 0; i < n_facts; i++)
        buf_printf(out, "%s %s\n", facts[i].name, facts[i].value);
    buf_printf(out, "real %zu\nseed %" PRIu64 "\n", sizeof(real), seed);
    write_settings(out, settings);
    write_data(out, data);
}

enum { SHOWN_MOST = 200 }; /* of a line */

static size_t line_length(const char *line)
{
    return strcspn(line, "\n");
}

static void add_line(struct buf *out, const char *line)
{
    for (size_t i = 0, n = line_length(line); i < n && i < SHOWN_MOST; i++)
        buf_add(out, line[i] >= ' ' && line[i] <= '~' ? &line[i] : "?", 1);
}

void identity_difference(const char *theirs, const char *ours, struct buf *out)
{
    size_t left = line_length(theirs), right = line_length(ours);
    while (left == right && memcmp(theirs, ours, left) == 0 && theirs[left] == '\n') {
        theirs += left + 1;
        ours += right + (ours[right] == '\n');
        left = line_length(theirs);
        right = line_length(ours);
    }
    buf_text(out, "made with `");
    add_line(out, theirs);
    buf_text(out, "`, but here it is `");
    add_line(out, ours);
    buf_text(out, "`");
}
