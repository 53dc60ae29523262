#include "worker/shell/keeper.h"
#include "common/clock.h"
#include "common/error.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "worker/shell/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLICE_MS = 50 }; /* for removing, between two turns of the loop: heartbeats come first */

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

/* False: the time was up, and something is left. */
static bool discard(struct keeper *keeper, const struct leftover *leftover, int64_t until_ms)
{
    struct error error = { "" };
    enum removal removal =
        checkpoint_discard(keeper->directory, leftover->key, leftover->attempt, until_ms, &error);
    if (removal == REMOVAL_FAILED)
        complain(keeper, "checkpoint-not-removed", &error);
    return removal != REMOVAL_UNFINISHED;
}

void keeper_settle(struct keeper *keeper, const char *key, int32_t attempt, bool superseded,
                   int64_t now_ms)
{
    if (keeper->directory[0] == '\0')
        return;
    keeper->leftovers =
        xgrow(keeper->leftovers, keeper->n_leftovers, &keeper->capacity, sizeof *keeper->leftovers);
    struct leftover leftover = { .attempt = attempt,
                                 .due_ms = now_ms + (superseded ? KEEPER_GRACE_MS : 0) };
    snprintf(leftover.key, sizeof leftover.key, "%s", key);
    size_t at = keeper->n_leftovers++;
    for (; at > 0 && keeper->leftovers[at - 1].due_ms > leftover.due_ms; at--)
        keeper->leftovers[at] = keeper->leftovers[at - 1];
    keeper->leftovers[at] = leftover;
}

/* Removes what is due, as far as it comes. */
static void work_off(struct keeper *keeper, int64_t now_ms, int64_t until_ms)
{
    size_t done = 0;
    while (done < keeper->n_leftovers && keeper->leftovers[done].due_ms <= now_ms &&
           (done == 0 || clock_monotonic_ms() <= until_ms) &&
           discard(keeper, &keeper->leftovers[done], until_ms))
        done++;
    if (done == 0)
        return;
    keeper->n_leftovers -= done;
    memmove(keeper->leftovers, keeper->leftovers + done,
            keeper->n_leftovers * sizeof *keeper->leftovers);
}

void keeper_tick(struct keeper *keeper, int64_t now_ms)
{
    work_off(keeper, now_ms, clock_monotonic_ms() + SLICE_MS);
}

void keeper_finish(struct keeper *keeper, int64_t now_ms)
{
    work_off(keeper, now_ms, INT64_MAX);
}

int64_t keeper_next_deadline(const struct keeper *keeper)
{
    return keeper->n_leftovers > 0 ? keeper->leftovers[0].due_ms : INT64_MAX;
}
