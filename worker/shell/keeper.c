#include "worker/shell/keeper.h"
#include "common/clock.h"
#include "common/error.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "worker/shell/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct leftover {
    char key[MESSAGE_MAX_NAME + 1];
    int32_t attempt;
    int64_t due_ms;
};

struct keeper {
    const char *directory;
    char complaint[sizeof((struct error *)0)->text]; /* the latest, logged once */
    struct leftover *leftovers;                      /* in the order in which they are due */
    size_t n_leftovers, capacity;
};

struct keeper *keeper_create(const char *directory)
{
    struct keeper *keeper = xcalloc(1, sizeof *keeper);
    keeper->directory = directory;
    int64_t swept = directory[0] == '\0' ? 0 : checkpoint_sweep(directory, clock_wall_ms());
    if (swept > 0)
        log_event(LOG_INFO, "checkpoints-swept", "directory=%s trials=%lld days=%d",
                  log_quote(directory), (long long)swept, CHECKPOINT_KEPT_DAYS);
    return keeper;
}

void keeper_destroy(struct keeper **keeper)
{
    if (*keeper == NULL)
        return;
    free((*keeper)->leftovers);
    free(*keeper);
    *keeper = NULL;
}

static void complain(struct keeper *keeper, const char *event, const struct error *error)
{
    if (strcmp(keeper->complaint, error->text) == 0)
        return;
    memcpy(keeper->complaint, error->text, sizeof keeper->complaint);
    log_event(LOG_WARN, event, "why=%s", log_quote(error->text));
}

const char *keeper_claim(struct keeper *keeper, const char *key, int32_t attempt,
                         struct arena *arena)
{
    struct error error = { "" };
    if (keeper->directory[0] == '\0' || key[0] == '\0')
        return "";
    const char *path = checkpoint_claim(keeper->directory, key, attempt, arena, &error);
    if (path == NULL)
        complain(keeper, "no-checkpoint", &error);
    return path != NULL ? path : "";
}

static void discard(struct keeper *keeper, const char *key, int32_t attempt)
{
    struct error error = { "" };
    if (!checkpoint_discard(keeper->directory, key, attempt, &error))
        complain(keeper, "checkpoint-not-removed", &error);
}

void keeper_settle(struct keeper *keeper, const char *key, int32_t attempt, bool superseded,
                   int64_t now_ms)
{
    if (keeper->directory[0] == '\0')
        return;
    if (!superseded) {
        discard(keeper, key, attempt);
        return;
    }
    keeper->leftovers =
        xgrow(keeper->leftovers, keeper->n_leftovers, &keeper->capacity, sizeof *keeper->leftovers);
    struct leftover *leftover = &keeper->leftovers[keeper->n_leftovers++];
    *leftover = (struct leftover){ .attempt = attempt, .due_ms = now_ms + KEEPER_GRACE_MS };
    snprintf(leftover->key, sizeof leftover->key, "%s", key);
}

void keeper_tick(struct keeper *keeper, int64_t now_ms)
{
    size_t due = 0;
    for (; due < keeper->n_leftovers && keeper->leftovers[due].due_ms <= now_ms; due++)
        discard(keeper, keeper->leftovers[due].key, keeper->leftovers[due].attempt);
    if (due == 0)
        return;
    keeper->n_leftovers -= due;
    memmove(keeper->leftovers, keeper->leftovers + due,
            keeper->n_leftovers * sizeof *keeper->leftovers);
}

int64_t keeper_next_deadline(const struct keeper *keeper)
{
    return keeper->n_leftovers > 0 ? keeper->leftovers[0].due_ms : INT64_MAX;
}
